import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';

/**
 * A regular expression that is searched for in one pass, in time proportional to the text and never more (RE2's rule, which
 * Envoy follows too): one that a person writes into a file cannot hold up the engine's thread, whatever a service answers.
 */
export interface Pattern {
  /** Whether it occurs anywhere in the text. */
  isIn(text: string): boolean;
  /** Steps that a search takes at the most, for each byte of the text in UTF-8: states that may have to be looked at. */
  readonly stepsPerByte: number;
}

/** An expression that cannot be used; the message says what to write instead. */
export class PatternError extends Error {}

/** Of an expression, characters: bounds what reading it costs, before it is known what looking for it would. */
const longestPattern = 500;

/** What RE2 allows a count, and counts within counts multiplied. */
const mostRepeats = 1_000;

/**
 * Compiles an expression in RE2's syntax (https://github.com/google/re2/wiki/Syntax).
 *
 * @throws PatternError where it is none, or one that cannot be found in one pass
 */
export function compilePattern(text: string): Pattern {
  if (text.length > longestPattern)
    throw new PatternError(`it is longer than ${longestPattern} characters; write a shorter one`);
  try {
    const compiled = RE2JS.compile(text);
    return { isIn: (searched) => compiled.test(searched), stepsPerByte: compiled.programSize() };
  } catch (error) {
    if (error instanceof RE2JSSyntaxException)
      throw new PatternError(inWords(error.getDescription(), error.getPattern() ?? ''));
    // Whatever else the library refuses, it refuses as too much.
    if (error instanceof RE2JSException) throw new PatternError(tooLarge);
    throw error;
  }
}

const tooLarge = 'it is too large; write fewer or smaller repeats';

/**
 * @param fault what RE2 says of it
 * @param part the piece that it says it of, or all from there on
 */
function inWords(fault: string, part: string): string {
  switch (fault) {
    case 'missing closing )':
      return 'a "(" is not closed; write \\( for the character';
    case 'unexpected )':
      return 'a ")" has no "("; write \\) for the character';
    case 'missing closing ]':
      return 'a "[" is not closed, or empty; write \\[ for the character';
    case 'missing argument to repetition operator':
      return `"${part}" repeats nothing; write \\${part} for the ${part.length > 1 ? 'text' : 'character'}`;
    case 'invalid nested repetition operator':
      return 'a repeat follows a repeat; write one of them, or parentheses around the first';
    case 'trailing backslash at end of expression':
      return 'it ends in a backslash; write \\\\ for the character';
    case 'duplicate capture group name':
      return `two groups are named ${part}; write (?:...) for those that need no name`;
    case 'invalid character class range':
      return /^(?:\\[pP]|\[:)/.test(part)
        ? `"${part}" is no class of characters; write e.g. \\p{L}, [[:alpha:]] or [a-z]`
        : 'a range in [ ] runs backwards; write the smaller end first';
    case 'invalid repeat count':
      return isCount(part) ? tooLarge : `"${part}" is no count from 0 to ${mostRepeats}; write e.g. {1,3}`;
    case 'invalid escape sequence':
      return aboutEscape(part);
    case 'invalid or unsupported Perl syntax':
    case 'invalid named capture':
      return aboutGroup(part);
    case 'expression too large':
    case 'expression nests too deeply':
      return tooLarge;
    default:
      return `${fault}${part === '' ? '' : ` at "${part}"`}; write it another way`;
  }
}

/** Whether the count by itself is fine: then it is what it multiplies with that is too much. */
function isCount(part: string): boolean {
  const [least = 0, most = least] = (part.match(/\d+/g) ?? []).map(Number);
  return least <= most && most <= mostRepeats;
}

function aboutEscape(part: string): string {
  const letter = part[1] ?? '';
  if (/[1-9k]/.test(letter))
    return `\\${letter} refers back to a group, which takes more than one pass; write the text itself`;
  if (letter === 'x') return '\\x needs 2 hexadecimal digits, or more in braces; write e.g. \\x{e9}';
  if (letter === 'u') return '\\u means nothing here; write e.g. \\x{e9}';
  return `\\${letter} means nothing here; write ${letter}`;
}

function aboutGroup(part: string): string {
  if (/^\(\?<?[=!]/.test(part))
    return 'it looks ahead or behind, which takes more than one pass; write it without';
  if (/^\(\?P?</.test(part))
    return 'the name of a group is not closed, or has other characters than letters, digits and _; write e.g. (?<word>...)';
  return `"${part}" begins nothing that can be found in one pass; write (?:...) for a group, (?i) to ignore case`;
}
