/**
 * Regular expressions that are found in linear time (RE2's rule, which Envoy follows too): everything but what needs to go
 * back. So one that a person writes into a file cannot hold up the engine's thread, whatever a service answers.
 */

/** What one character may be: ranges of UTF-16 code units, both ends included. */
export type CharRanges = readonly (readonly [from: number, to: number])[];

export type Assertion = 'start' | 'end' | 'word-edge' | 'no-word-edge';

export type PatternNode =
  | { readonly kind: 'char'; readonly ranges: CharRanges }
  | { readonly kind: 'assert'; readonly assertion: Assertion }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly branches: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly of: PatternNode; readonly least: number; readonly most: number };

export interface ParsedPattern {
  readonly root: PatternNode;
  /** `^` and `$` also at the ends of lines. */
  readonly multiline: boolean;
}

/** An expression that cannot be used; the message says what to write instead. */
export class PatternError extends Error {}

const longestPattern = 500;
const mostRepeats = 200;
const lastUnit = 0xffff;
const newline = 10;
const openClass = 'a "[" is not closed, or empty; write \\[ for the character';

const digits: CharRanges = [[48, 57]];
const wordChars: CharRanges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const spaces: CharRanges = [
  [9, 13],
  [32, 32],
  [160, 160],
  [0x2028, 0x2029],
  [0xfeff, 0xfeff],
];
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 };

/** @throws PatternError */
export function parsePattern(text: string): ParsedPattern {
  if (text.length > longestPattern)
    throw new PatternError(`it is longer than ${longestPattern} characters; write a shorter one`);
  const flags = /^\(\?([ims]+)\)/.exec(text);
  const letters = flags?.[1] ?? '';
  const parser = new Parser(text, flags?.[0].length ?? 0, letters.includes('i'), letters.includes('s'));
  return { root: parser.parse(), multiline: letters.includes('m') };
}

class Parser {
  readonly #text: string;
  readonly #ignoreCase: boolean;
  readonly #dotIsAll: boolean;
  #at: number;

  constructor(text: string, at: number, ignoreCase: boolean, dotIsAll: boolean) {
    this.#text = text;
    this.#at = at;
    this.#ignoreCase = ignoreCase;
    this.#dotIsAll = dotIsAll;
  }

  parse(): PatternNode {
    const root = this.#choice();
    if (this.#at < this.#text.length) throw new PatternError('a ")" has no "("; write \\) for the character');
    return root;
  }

  #choice(): PatternNode {
    const branches = [this.#sequence()];
    while (this.#takes('|')) branches.push(this.#sequence());
    return branches.length === 1 ? branches[0]! : { kind: 'choice', branches };
  }

  #sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#peek())) parts.push(this.#repeated());
    return { kind: 'sequence', parts };
  }

  #repeated(): PatternNode {
    const of = this.#atom();
    const bounds = this.#bounds();
    if (bounds === null) return of;
    this.#takes('?'); // whether as few as possible: for found or not found it is all the same
    if ('*+?'.includes(this.#peek() || 'x') || this.#countAhead() !== null)
      throw new PatternError('a repeat follows a repeat; write one of them, or parentheses around the first');
    return { kind: 'repeat', of, ...bounds };
  }

  #bounds(): { least: number; most: number } | null {
    if (this.#takes('*')) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.#takes('+')) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.#takes('?')) return { least: 0, most: 1 };
    const count = this.#countAhead();
    if (count === null) return null;
    this.#at += count[0].length;
    const least = Number(count[1]);
    const most =
      count[2] === undefined ? least : count[3] === '' ? Number.POSITIVE_INFINITY : Number(count[3]);
    if (least > mostRepeats || (most !== Number.POSITIVE_INFINITY && most > mostRepeats) || most < least)
      throw new PatternError(`"${count[0]}" is no count from 0 to ${mostRepeats}; write e.g. {1,3}`);
    return { least, most };
  }

  #countAhead(): RegExpExecArray | null {
    return /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#text.slice(this.#at, this.#at + 12));
  }

  #atom(): PatternNode {
    const char = this.#next();
    if (char === '(') return this.#group();
    if (char === '[') return this.#class();
    if (char === '.') return chars(this.#dotIsAll ? [[0, lastUnit]] : inverted([[newline, newline]]));
    if (char === '^') return { kind: 'assert', assertion: 'start' };
    if (char === '$') return { kind: 'assert', assertion: 'end' };
    if (char === '\\') return this.#escaped();
    if ('*+?'.includes(char))
      throw new PatternError(`"${char}" repeats nothing; write \\${char} for the character`);
    return this.#literal(char.charCodeAt(0));
  }

  #group(): PatternNode {
    if (this.#takes('?')) {
      const named = /^<[A-Za-z_]\w*>/.exec(this.#text.slice(this.#at));
      if (named) this.#at += named[0].length;
      else if (!this.#takes(':'))
        throw new PatternError(
          'it looks ahead or behind, or sets a flag in the middle, which takes more than one pass; write it without (flags go first: (?i))',
        );
    }
    const inner = this.#choice();
    if (!this.#takes(')')) throw new PatternError('a "(" is not closed; write \\( for the character');
    return inner;
  }

  #escaped(): PatternNode {
    const set = this.#setEscape();
    if (set) return chars(set);
    if (this.#takes('b')) return { kind: 'assert', assertion: 'word-edge' };
    if (this.#takes('B')) return { kind: 'assert', assertion: 'no-word-edge' };
    return this.#literal(this.#charEscape());
  }

  #setEscape(): CharRanges | null {
    const sets: Readonly<Record<string, CharRanges>> = { d: digits, w: wordChars, s: spaces };
    const letter = this.#peek();
    const set = Object.hasOwn(sets, letter.toLowerCase()) ? sets[letter.toLowerCase()]! : null;
    if (set === null) return null;
    this.#at += 1;
    return letter === letter.toLowerCase() ? set : inverted(set);
  }

  /** Behind a backslash. */
  #charEscape(): number {
    const char = this.#next();
    if (char === '') throw new PatternError('it ends in a backslash; write \\\\ for the character');
    if (Object.hasOwn(controls, char)) return controls[char]!;
    const length = char === 'x' ? 2 : char === 'u' ? 4 : 0;
    if (length > 0) {
      const hex = this.#text.slice(this.#at, this.#at + length);
      if (!/^[\da-fA-F]+$/.test(hex) || hex.length !== length)
        throw new PatternError(`\\${char} needs ${length} hexadecimal digits`);
      this.#at += length;
      return Number.parseInt(hex, 16);
    }
    if (/[1-9k]/.test(char))
      throw new PatternError(
        `\\${char} refers back to a group, which takes more than one pass; write the text itself`,
      );
    if (/[A-Za-z]/.test(char)) throw new PatternError(`\\${char} means nothing here; write ${char}`);
    return char.charCodeAt(0);
  }

  #class(): PatternNode {
    const isInverted = this.#takes('^');
    const ranges: (readonly [number, number])[] = [];
    while (!this.#takes(']')) {
      if (this.#at >= this.#text.length) throw new PatternError(openClass);
      const set = this.#peek() === '\\' ? this.#classSet() : null;
      if (set) {
        ranges.push(...set);
        continue;
      }
      const from = this.#classChar();
      const isRange = this.#peek() === '-' && this.#text[this.#at + 1] !== ']';
      if (isRange) this.#at += 1;
      const to = isRange ? this.#classChar() : from;
      if (to < from) throw new PatternError('a range in [ ] runs backwards; write the smaller end first');
      ranges.push([from, to]);
    }
    if (ranges.length === 0) throw new PatternError(openClass);
    const all = this.#ignoreCase ? withOtherCase(ranges) : ranges;
    return chars(isInverted ? inverted(all) : all);
  }

  #classSet(): CharRanges | null {
    this.#at += 1;
    const set = this.#setEscape();
    if (set === null) this.#at -= 1;
    return set;
  }

  #classChar(): number {
    const char = this.#next();
    if (char !== '\\') return char.charCodeAt(0);
    return this.#takes('b') ? 8 : this.#charEscape();
  }

  #literal(unit: number): PatternNode {
    return chars(this.#ignoreCase ? withOtherCase([[unit, unit]]) : [[unit, unit]]);
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    const char = this.#peek();
    this.#at += 1;
    return char;
  }

  #takes(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }
}

function chars(ranges: CharRanges): PatternNode {
  return { kind: 'char', ranges };
}

function inverted(ranges: CharRanges): CharRanges {
  const result: [number, number][] = [];
  let from = 0;
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (start > from) result.push([from, start - 1]);
    from = Math.max(from, end + 1);
  }
  if (from <= lastUnit) result.push([from, lastUnit]);
  return result;
}

/** The other case of the letters A to Z; of single letters beyond them as well. */
function withOtherCase(ranges: CharRanges): CharRanges {
  const result = [...ranges];
  const shift = (from: number, to: number, first: number, last: number, by: number): void => {
    const start = Math.max(from, first);
    const end = Math.min(to, last);
    if (start <= end) result.push([start + by, end + by]);
  };
  for (const [from, to] of ranges) {
    shift(from, to, 65, 90, 32);
    shift(from, to, 97, 122, -32);
    if (from !== to || from < 128) continue;
    const char = String.fromCharCode(from);
    for (const other of [char.toLowerCase(), char.toUpperCase()])
      if (other.length === 1) result.push([other.charCodeAt(0), other.charCodeAt(0)]);
  }
  return result;
}
