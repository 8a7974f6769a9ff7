import { isMap, isScalar, isSeq, type Pair, parse, type YAMLMap, type YAMLSeq } from 'yaml';
import {
  asNode,
  columnOf,
  endOf,
  itemStart,
  keyStart,
  keyText,
  lineEnd,
  lineStart,
  mapAt,
  nextLine,
  type Path,
  pairEnd,
  pairOf,
  readYaml,
  seqAt,
  splice,
  startOf,
  startsLine,
  type YamlSource,
} from './yaml-source.ts';

/** Changes to the text of one map or list, leaving every other character alone. Each returns the text read anew. */

/** Text, number, flag; a list or mapping of these is written in one line. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** Thrown where the text has no such map or list, or is written in a way that cannot be edited. */
export class CannotEdit extends Error {
  override readonly name = 'CannotEdit';
}

export function setValue(
  source: YamlSource,
  at: Path,
  key: string,
  value: Plain,
  after?: string,
): YamlSource {
  const map = needMap(source, at);
  const pair = pairOf(map, key);
  const node = asNode(pair?.value);
  if (!pair || !node) return insertPair(source, map, key, value, after);
  const start = startOf(node);
  const text = flowText(value, isQuoted(node));
  const gap = source.text[start - 1] === ':' ? ' ' : '';
  return readYaml(splice(source.text, start, endOf(source, node), gap + text));
}

/** Replaces a pair, key and value, in its place. */
export function replacePair(
  source: YamlSource,
  at: Path,
  key: string,
  newKey: string,
  value: Plain,
): YamlSource {
  const map = needMap(source, at);
  const pair = pairOf(map, key);
  if (!pair) return insertPair(source, map, newKey, value, undefined);
  const text = `${flowText(newKey, isQuoted(asNode(pair.key)))}: ${flowText(value, isQuoted(asNode(pair.key)))}`;
  return readYaml(splice(source.text, keyStart(pair), pairEnd(source, pair), text));
}

export function removePair(source: YamlSource, at: Path, key: string): YamlSource {
  const { text } = source;
  const map = needMap(source, at);
  const index = map.items.findIndex((pair) => keyText(pair) === key);
  const pair = map.items[index];
  if (!pair) return source;
  const end = pairEnd(source, pair);
  if (!map.flow) {
    if (!startsLine(text, keyStart(pair))) {
      // The first key of a list entry shares its line with the dash: the next key takes its place.
      const next = map.items[index + 1];
      if (!next) throw new CannotEdit('the only key of an entry');
      return readYaml(splice(text, keyStart(pair), keyStart(next), ''));
    }
    return readYaml(splice(text, lineStart(text, keyStart(pair)), nextLine(text, end), ''));
  }
  return readYaml(
    removeFromFlow(
      text,
      map.items.map((each) => [keyStart(each), pairEnd(source, each)]),
      index,
    ),
  );
}

function insertPair(
  source: YamlSource,
  map: YAMLMap,
  key: string,
  value: Plain,
  after: string | undefined,
): YamlSource {
  const { text, eol } = source;
  const neighbour = (after === undefined ? undefined : pairOf(map, after)) ?? map.items.at(-1);
  if (!neighbour) throw new CannotEdit('an empty mapping');
  const quoted = isQuoted(asNode(neighbour.key));
  const pair = `${flowText(key, quoted)}: ${flowText(value, quoted)}`;
  const end = pairEnd(source, neighbour);
  if (map.flow) {
    const gap = startsLine(text, keyStart(neighbour))
      ? `,${eol}${indentOf(text, keyStart(neighbour))}`
      : ', ';
    return readYaml(splice(text, end, end, gap + pair));
  }
  const indent = ' '.repeat(columnOf(text, keyStart(neighbour)));
  const at = lineEnd(text, end);
  return readYaml(splice(text, at, at, `${eol}${indent}${pair}`));
}

/** Writes a pair before all others of its map. */
export function prependPair(source: YamlSource, at: Path, key: string, value: Plain): YamlSource {
  const { text, eol } = source;
  const map = needMap(source, at);
  const first = map.items[0];
  if (!first) throw new CannotEdit('an empty mapping');
  const start = keyStart(first);
  const quoted = isQuoted(asNode(first.key));
  const gap = map.flow
    ? startsLine(text, start)
      ? `,${eol}${indentOf(text, start)}`
      : ', '
    : eol + ' '.repeat(columnOf(text, start));
  return readYaml(splice(text, start, start, `${flowText(key, quoted)}: ${flowText(value, quoted)}${gap}`));
}

/** One entry of a list, cut out to be put in elsewhere. */
export interface Entry {
  /** Its text without dash and without the comments around it; lines after the first are as they stood. */
  readonly text: string;
  /** Column its text began in. */
  readonly column: number;
  readonly isFlow: boolean;
  /** It was never in a file: it takes on the layout of its neighbours. */
  readonly isNew: boolean;
  /** Comment lines directly above it, without their indentation. */
  readonly above: readonly string[];
  /** The comment behind it, on its last line, with the space before it; empty where there is none. */
  readonly behind: string;
  readonly data: Plain;
}

/** An entry that is new: it has no text yet. */
export function newEntry(data: Plain): Entry {
  return { text: flowText(data), column: 0, isFlow: true, isNew: true, above: [], behind: '', data };
}

/** A mapping of a name and a list that holds one entry, the entry's own text and comments kept. */
export function listOfOne(name: string, list: string, entry: Entry): Entry {
  const body = shift(entry.text, entry.column, 4, '\n');
  const lines = [
    `name: ${flowText(name)}`,
    `${list}:`,
    ...entry.above.map((comment) => `  ${comment}`),
    `  - ${body}${entry.behind}`,
  ];
  const data = { name, [list]: [entry.data] };
  return { text: lines.join('\n'), column: 0, isFlow: false, isNew: false, above: [], behind: '', data };
}

export function cutEntry(source: YamlSource, at: Path, index: number): { source: YamlSource; entry: Entry } {
  const { text, document } = source;
  const seq = needSeq(source, at);
  const node = asNode(seq.items[index]);
  if (!node) throw new CannotEdit('no such entry');
  const dash = itemStart(seq, index);
  const start = seq.flow ? dash : dash + /^-[ \t]*/.exec(text.slice(dash))![0].length;
  const ownLine = startsLine(text, dash);
  const contentEnd = endOf(source, node);
  const end = seq.flow ? contentEnd : commentsBelow(text, contentEnd, columnOf(text, dash));
  const behindText = text.slice(end, lineEnd(text, end));
  const behind = /^(?:\s*,)?(\s*#.*)$/.exec(behindText)?.[1]?.trimEnd() ?? '';
  const { above, from } = ownLine ? commentsAbove(text, dash) : { above: [], from: dash };
  const entry: Entry = {
    text: text.slice(start, end),
    column: columnOf(text, start),
    isFlow: !(isMap(node) || isSeq(node)) || node.flow === true,
    isNew: false,
    above,
    behind,
    data: node.toJS(document) as Plain,
  };
  const alone = /^\s*,?\s*(#.*)?$/.test(behindText);
  if (!seq.flow) {
    if (!ownLine) throw new CannotEdit('a list that begins on the line of another');
    return { source: readYaml(splice(text, from, nextLine(text, end), '')), entry };
  }
  if (ownLine && alone) return { source: readYaml(splice(text, from, nextLine(text, end), '')), entry };
  const ranges = seq.items.map((_, each): [number, number] => [
    itemStart(seq, each),
    endOf(source, asNode(seq.items[each])!),
  ]);
  return { source: readYaml(removeFromFlow(text, ranges, index)), entry: { ...entry, behind: '' } };
}

/** Puts an entry before the one at `index`, or last, in the style of those that are there. */
export function insertEntry(source: YamlSource, at: Path, index: number, entry: Entry): YamlSource {
  const seq = needSeq(source, at);
  if (seq.items.length === 0) {
    if (!seq.flow) throw new CannotEdit('an empty list');
    const inside = (seq.range?.[0] ?? 0) + 1;
    const end = (seq.range?.[1] ?? inside) - 1;
    return readYaml(splice(source.text, inside, end, entryAsFlow(entry)));
  }
  return seq.flow ? insertIntoFlow(source, seq, index, entry) : insertIntoBlock(source, seq, index, entry);
}

function insertIntoBlock(source: YamlSource, seq: YAMLSeq, index: number, entry: Entry): YamlSource {
  const { text, eol } = source;
  const column = columnOf(text, itemStart(seq, 0));
  const indent = ' '.repeat(column);
  const first = asNode(seq.items[0])!;
  // New entries follow the first one's layout: key by key on lines of their own where that one is.
  const inLines = entry.isNew && isMap(first) && !first.flow && isMapping(entry.data);
  const body = inLines
    ? Object.entries(entry.data as Record<string, Plain>)
        .map(([key, value]) => `${flowText(key)}: ${flowText(value)}`)
        .join(`${eol}${indent}  `)
    : shift(entry.text, entry.column, column + 2, eol);
  const lines = [
    ...entry.above.map((comment) => `${indent}${comment}`),
    `${indent}- ${body}${entry.behind}`,
  ].join(eol);
  if (index < seq.items.length) {
    const { from } = commentsAbove(text, itemStart(seq, index));
    if (!startsLine(text, itemStart(seq, index)))
      throw new CannotEdit('a list that begins on the line of another');
    return readYaml(splice(text, from, from, lines + eol));
  }
  const end = lineEnd(text, endOf(source, asNode(seq.items.at(-1))!));
  return readYaml(splice(text, end, end, eol + lines));
}

function insertIntoFlow(source: YamlSource, seq: YAMLSeq, index: number, entry: Entry): YamlSource {
  const { text, eol } = source;
  const last = seq.items.length - 1;
  const lastStart = itemStart(seq, last);
  const quoted = isQuoted(asNode(seq.items[0]));
  const body = entryAsFlow(entry, quoted);
  if (!startsLine(text, lastStart)) {
    if (index <= last) {
      const start = itemStart(seq, index);
      return readYaml(splice(text, start, start, `${body}, `));
    }
    const end = endOf(source, asNode(seq.items[last])!);
    return readYaml(splice(text, end, end, `, ${body}`));
  }
  const indent = indentOf(text, lastStart);
  const inside = body === entry.text ? [] : (entry.text.match(/(?<=^|\s)#.*/gm) ?? []);
  const above = [...entry.above, ...inside].map((comment) => `${indent}${comment}${eol}`).join('');
  const { behind } = entry;
  if (index <= last && startsLine(text, itemStart(seq, index))) {
    const { from } = commentsAbove(text, itemStart(seq, index));
    return readYaml(splice(text, from, from, `${above}${indent}${body},${behind}${eol}`));
  }
  if (index <= last) {
    const start = itemStart(seq, index);
    return readYaml(splice(text, start, start, `${body}, `));
  }
  const end = endOf(source, asNode(seq.items[last])!);
  const hasComma = text[end] === ',';
  const withComma = hasComma ? text : splice(text, end, end, ',');
  const lineBreak = lineEnd(withComma, end);
  return readYaml(
    splice(withComma, lineBreak, lineBreak, `${eol}${above}${indent}${body}${hasComma ? ',' : ''}${behind}`),
  );
}

function removeFromFlow(text: string, ranges: readonly (readonly [number, number])[], index: number): string {
  const [start, end] = ranges[index]!;
  const previous = ranges[index - 1];
  const next = ranges[index + 1];
  if (next) return splice(text, start, next[0], '');
  return splice(text, previous ? previous[1] : start, end, '');
}

/** Comment lines that stand directly above, without a blank line between: they speak of what is below them. */
function commentsAbove(text: string, offset: number): { above: string[]; from: number } {
  let from = lineStart(text, offset);
  const above: string[] = [];
  while (from > 0) {
    const start = lineStart(text, from - 1);
    const line = text.slice(start, from).trim();
    if (!line.startsWith('#')) break;
    above.unshift(line);
    from = start;
  }
  return { above, from };
}

/** Behind the last comment line that is indented under an entry: it belongs to it. `end` itself where there is none. */
function commentsBelow(text: string, end: number, column: number): number {
  let last = end;
  for (let start = nextLine(text, end); start < text.length; start = nextLine(text, start)) {
    const line = text.slice(start, lineEnd(text, start));
    if (!/^\s*#/.test(line) || /^\s*/.exec(line)![0].length <= column) break;
    last = lineEnd(text, start);
  }
  return last;
}

/** Moves every line after the first by as many columns as the first one moves. */
function shift(text: string, fromColumn: number, toColumn: number, eol: string): string {
  const [first = '', ...rest] = text.split(/\r?\n/);
  const moved = rest.map((line) => {
    if (line.trim() === '') return line;
    const spaces = /^ */.exec(line)![0].length;
    return ' '.repeat(Math.max(spaces + toColumn - fromColumn, 0)) + line.slice(spaces);
  });
  return [first, ...moved].join(eol);
}

function entryAsFlow(entry: Entry, quoted = false): string {
  const isOneLine = !/[\r\n]/.test(entry.text);
  return entry.isFlow && isOneLine && !(quoted && entry.isNew) ? entry.text : flowText(entry.data, quoted);
}

function indentOf(text: string, offset: number): string {
  return text.slice(lineStart(text, offset), offset);
}

function isMapping(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && !Array.isArray(value);
}

function isQuoted(node: ReturnType<typeof asNode>): boolean {
  if (isScalar(node)) return node.type === 'QUOTE_DOUBLE';
  if (isMap(node)) return isQuoted(asNode((node.items[0] as Pair | undefined)?.key));
  if (isSeq(node)) return isQuoted(asNode(node.items[0]));
  return false;
}

/** YAML in one line; `quoted` as JSON, for a file that is written so. */
export function flowText(value: Plain, quoted = false): string {
  if (typeof value === 'string') return !quoted && readsBack(value) ? value : JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map((each: Plain) => flowText(each, quoted)).join(', ')}]`;
  const pairs = Object.entries(value).map(
    ([key, each]) => `${flowText(key, quoted)}: ${flowText(each as Plain, quoted)}`,
  );
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** Whether a text needs no quotes, in a list as in a mapping. */
function readsBack(text: string): boolean {
  if (!/^[A-Za-z0-9/._-][A-Za-z0-9/._:=+ -]*$/.test(text)) return false;
  try {
    const back: unknown = parse(`[{ a: ${text} }]`, { logLevel: 'silent' });
    return JSON.stringify(back) === JSON.stringify([{ a: text }]);
  } catch {
    return false;
  }
}

function needMap(source: YamlSource, at: Path): YAMLMap {
  const map = mapAt(source, at);
  if (!map) throw new CannotEdit(`no mapping at ${at.join('.')}`);
  return map;
}

function needSeq(source: YamlSource, at: Path): YAMLSeq {
  const seq = seqAt(source, at);
  if (!seq) throw new CannotEdit(`no list at ${at.join('.')}`);
  return seq;
}
