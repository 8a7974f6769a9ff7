import type { ConfigProblem } from '@shared/config/parse.ts';
import type { YAMLError } from 'yaml';
import { placeOf } from './place.ts';
import type { YamlSource } from './yaml-source.ts';

/**
 * What keeps the text from being YAML, told with what to write. One fault in the middle of a text makes the parser stumble
 * over much that follows, so only the first of those is told; keys written twice are told each.
 */
export function syntaxProblems(source: YamlSource): ConfigProblem[] {
  const { errors, warnings } = source.document;
  const twice = errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const first = errors.find(({ code }) => code !== 'DUPLICATE_KEY');
  const tag = warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
  return [...(first ? [first] : twice), ...(errors.length === 0 && tag ? [tag] : [])].map((error) =>
    describe(source, error),
  );
}

function describe({ text }: YamlSource, error: YAMLError): ConfigProblem {
  let offset = error.pos[0];
  // What is missing at the end is pointed at on the last line that has something on it.
  if (offset >= text.trimEnd().length) offset = Math.max(text.trimEnd().length - 1, 0);
  return { path: [], message: messageOf(error, text), ...placeOf(text, offset) };
}

function messageOf(error: YAMLError, text: string): string {
  const own = error.message.split(/ at line \d+/)[0]!;
  const found = text
    .slice(...error.pos)
    .split('\n')[0]!
    .trim();
  switch (error.code) {
    case 'DUPLICATE_KEY': {
      const key = /^[^\s:,{}[\]]+/.exec(text.slice(error.pos[0]))?.[0] ?? found;
      return `"${key}" is written twice here; keep one of them`;
    }
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent YAML; write spaces';
    case 'BAD_INDENT':
      return own.startsWith('Flow')
        ? 'a "[" or "{" further up is not closed; write the "]" or "}" that is missing'
        : 'this line is indented unlike its neighbours; start it in the same column as they do';
    case 'MISSING_CHAR':
      return own.includes('quote')
        ? 'a quote is not closed; write the same quote at the end of the text'
        : missingChar(own, text, error.pos[0]);
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a second ": " in one line; put the text in quotes, or the inner key on a line of its own, indented';
    case 'MULTILINE_IMPLICIT_KEY':
    case 'KEY_OVER_1024_CHARS':
      return 'a key without its colon; write key: value (with a space after the colon)';
    case 'BAD_SCALAR_START':
      return `a text cannot begin with ${JSON.stringify(found.slice(0, 1))}; put it in quotes`;
    case 'BLOCK_IN_FLOW':
      return 'inside [ ] and { } write entries separated by commas, without "-" and line-by-line keys';
    case 'BAD_ALIAS':
    case 'ALIAS_PROPS':
      return `the alias ${found} cannot be used; write its &anchor earlier in the file`;
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; keep one, without "---"';
    case 'TAG_RESOLVE_FAILED':
      return `the tag ${/^!\S*/.exec(found)?.[0] ?? found} means nothing here; remove it`;
    case 'BAD_DQ_ESCAPE':
      return `the escape ${found} means nothing in double quotes; write \\\\ for a backslash, or use single quotes`;
    case 'UNEXPECTED_TOKEN':
      return `${found === '' ? 'something' : JSON.stringify(found.slice(0, 30))} does not belong here; check the brackets, dashes and indentation just before it`;
    default:
      return `this is not YAML (${lowerFirst(own)}); check quotes, brackets and indentation here`;
  }
}

function missingChar(own: string, text: string, offset: number): string {
  // An IPv6 address begins the way a list does.
  const address = /\[[0-9a-fA-F:]*:[0-9a-fA-F:]*\]:\d{1,5}/.exec(lineAt(text, offset))?.[0];
  if (address) return `an address that begins with "[" stands in quotes: write "${address}"`;
  if (own.includes(',')) return 'a comma is missing between two entries; write one before this';
  if (own.includes('}') || own.includes(']'))
    return 'a "[" or "{" is not closed; write the "]" or "}" that is missing';
  return `something is missing (${lowerFirst(own)}); check the line`;
}

function lineAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return text.slice(start, end < 0 ? text.length : end);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
