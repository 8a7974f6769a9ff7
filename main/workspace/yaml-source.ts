import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
  type Document as YamlDocument,
} from 'yaml';

/** Any node as the parser leaves it. */
export type YamlNode = Scalar | YAMLMap | YAMLSeq | Alias;
export type Path = readonly (string | number)[];

/**
 * A YAML text with its tree, and where in the text the parts of the tree are. Edits are made in the text at these places:
 * printing the tree anew would lay out the whole file afresh.
 */
export interface YamlSource {
  readonly text: string;
  readonly document: YamlDocument;
  /** `\n` or `\r\n`, whichever the file uses. */
  readonly eol: string;
}

export function readYaml(text: string): YamlSource {
  const document = parseDocument(text, { keepSourceTokens: true, merge: true, logLevel: 'error' });
  return { text, document, eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

/** The node at a path, aliases followed; undefined where the document has none. */
export function nodeAt(source: YamlSource, path: Path): YamlNode | undefined {
  let node = asNode(source.document.contents);
  for (const part of path) {
    node = childOf(source, node, part);
    if (!node) return undefined;
  }
  return node;
}

export function mapAt(source: YamlSource, path: Path): YAMLMap | undefined {
  const node = resolve(source, nodeAt(source, path));
  return isMap(node) ? node : undefined;
}

export function isMapAt(source: YamlSource, path: Path): boolean {
  return mapAt(source, path) !== undefined;
}

export function seqAt(source: YamlSource, path: Path): YAMLSeq | undefined {
  const node = resolve(source, nodeAt(source, path));
  return isSeq(node) ? node : undefined;
}

function childOf(
  source: YamlSource,
  node: YamlNode | undefined,
  part: string | number,
): YamlNode | undefined {
  const parent = resolve(source, node);
  if (isMap(parent)) return asNode(pairOf(parent, String(part))?.value);
  if (isSeq(parent)) return asNode(parent.items[Number(part)]);
  return undefined;
}

function resolve(source: YamlSource, node: YamlNode | undefined): YamlNode | undefined {
  return isAlias(node) ? asNode(node.resolve(source.document)) : node;
}

export function asNode(value: unknown): YamlNode | undefined {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : undefined;
}

/** The pair of a map by its key; undefined where it has none. */
export function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isPair(pair) && keyText(pair) === key);
}

export function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

/** Offset of a node's first character, without its anchor and tag. */
export function startOf(node: YamlNode): number {
  return node.range?.[0] ?? 0;
}

/** Offset of a pair's key. */
export function keyStart(pair: Pair): number {
  const key = asNode(pair.key);
  return key ? startOf(key) : 0;
}

/** Offset behind a node's last character of content: no trailing comment, no line break. */
export function endOf(source: YamlSource, node: YamlNode): number {
  if ((isMap(node) || isSeq(node)) && !node.flow) {
    const last = node.items.at(-1);
    if (isPair(last)) return pairEnd(source, last);
    const item = asNode(last);
    if (item) return endOf(source, item);
  }
  let end = node.range?.[1] ?? 0;
  while (end > startOf(node) && /\s/.test(source.text[end - 1] ?? '')) end--;
  return end;
}

/** Offset behind a pair's content. */
export function pairEnd(source: YamlSource, pair: Pair): number {
  const value = asNode(pair.value);
  const key = asNode(pair.key);
  const valueEnd = value ? endOf(source, value) : 0;
  return Math.max(valueEnd, key ? endOf(source, key) : 0);
}

/** Offset of an item of a sequence with what belongs to it: its `-`, anchor and tag. */
export function itemStart(seq: YAMLSeq, index: number): number {
  const token = seq.srcToken;
  const node = asNode(seq.items[index]);
  const own = node ? startOf(node) : 0;
  if (token?.type === 'block-seq') {
    const items = token.items.filter((item) => item.start.some(({ type }) => type === 'seq-item-ind'));
    return items[index]?.start.find(({ type }) => type === 'seq-item-ind')?.offset ?? own;
  }
  if (token?.type === 'flow-collection') {
    const props = token.items[index]?.start.filter(({ type }) => type === 'anchor' || type === 'tag') ?? [];
    return Math.min(own, ...props.map(({ offset }) => offset));
  }
  return own;
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset of the line break that ends the line, or of the end of the text. A `\r` before it belongs to the break. */
export function lineEnd(text: string, offset: number): number {
  const at = text.indexOf('\n', offset);
  const end = at < 0 ? text.length : at;
  return end > offset && text[end - 1] === '\r' ? end - 1 : end;
}

/** Offset of the next line's first character, or of the end of the text. */
export function nextLine(text: string, offset: number): number {
  const at = text.indexOf('\n', offset);
  return at < 0 ? text.length : at + 1;
}

/** Spaces from the start of the line to the offset, whatever stands there. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

/** Whether only white space stands before the offset on its line. */
export function startsLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === '';
}

export function splice(text: string, start: number, end: number, insert: string): string {
  return text.slice(0, start) + insert + text.slice(end);
}
