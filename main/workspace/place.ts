import type { ConfigProblem } from '@shared/config/parse.ts';
import { isMap, isSeq } from 'yaml';
import {
  asNode,
  itemStart,
  keyStart,
  nodeAt,
  type Path,
  pairOf,
  startOf,
  type YamlSource,
} from './yaml-source.ts';

const longestExcerpt = 400;

/** 1-based line and column of an offset, and that line's text. */
export function placeOf(text: string, offset: number): { line: number; column: number; excerpt: string } {
  const at = Math.min(Math.max(offset, 0), text.length);
  let line = 1;
  let start = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', start)) {
    line++;
    start = next + 1;
  }
  // A byte order mark is no column.
  const from = start === 0 && text.startsWith('\uFEFF') ? 1 : start;
  const end = text.indexOf('\n', start);
  const whole = text.slice(from, end < 0 ? undefined : end).replace(/\r$/, '');
  return { line, column: Math.max(at - from, 0) + 1, excerpt: whole.slice(0, longestExcerpt) };
}

/** Adds to a problem where in the file it is: at the value, at an unknown key itself, or at the nearest thing that is there. */
export function locate(source: YamlSource, problem: ConfigProblem): ConfigProblem {
  const { line, column, excerpt } = placeOf(source.text, offsetOf(source, problem));
  return { ...problem, line, column, excerpt };
}

function offsetOf(source: YamlSource, { path, message }: ConfigProblem): number {
  if (message.startsWith('unknown key')) return keyOffset(source, path) ?? nearest(source, path);
  return nearest(source, path);
}

function keyOffset(source: YamlSource, path: Path): number | undefined {
  const parent = nodeAt(source, path.slice(0, -1));
  const pair = isMap(parent) ? pairOf(parent, String(path.at(-1))) : undefined;
  return pair && keyStart(pair);
}

/** The value where there is one; else its key; else the thing it is missing from. */
function nearest(source: YamlSource, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const at = path.slice(0, length);
    const parent = nodeAt(source, at.slice(0, -1));
    const node = nodeAt(source, at);
    if (isSeq(parent) && node) return parent.flow ? itemStart(parent, Number(at.at(-1))) : startOf(node);
    const key = keyOffset(source, at);
    if (node) {
      // A block that begins on a later line is pointed at by its key, as a reader would.
      const isBlock = (isMap(node) || isSeq(node)) && !node.flow;
      return isBlock && key !== undefined ? key : isEmpty(node) ? (key ?? startOf(node)) : startOf(node);
    }
    if (key !== undefined) return key;
  }
  const root = asNode(source.document.contents);
  return root ? startOf(root) : 0;
}

function isEmpty(node: { range?: readonly number[] | null | undefined }): boolean {
  return node.range !== undefined && node.range !== null && node.range[0] === node.range[1];
}
