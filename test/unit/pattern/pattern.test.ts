import { performance } from 'node:perf_hooks';
import { PatternError } from '@shared/lib/pattern/parse-pattern.ts';
import { compilePattern } from '@shared/lib/pattern/pattern.ts';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../support/random.ts';

describe('a pattern', () => {
  it.each([
    ['ok', 'all is ok here', true],
    ['ok', 'all is well', false],
    ['^ok$', 'ok', true],
    ['^ok$', 'ok\n', false],
    ['(?m)^ok$', 'status\nok\nthen', true],
    ['(?i)READY', 'not rEaDy yet', true],
    ['(?i)[a-c]+Z', 'xABCz', true],
    ['(?i)[^a]', 'AaAa', false],
    ['(?i)É', 'é', true],
    ['.', '\n', false],
    ['(?s)a.b', 'a\nb', true],
    ['"status":\\s*"(up|ok)"', '{ "status": "ok" }', true],
    ['"status":\\s*"(up|ok)"', '{ "status": "down" }', false],
    ['(a|b)*c', 'ababc', true],
    ['a{2,3}b', 'ab aab', true],
    ['^a{2}$', 'aaa', false],
    ['^a{2,}$', 'aaaa', true],
    ['^(ab)?c', 'abc', true],
    ['\\bfoo\\b', 'a foo.', true],
    ['\\bfoo\\b', 'food', false],
    ['\\Boo', 'foo', true],
    ['[\\d.]+ms', 'took 1.5ms', true],
    ['[^\\w ]', 'only words here', false],
    ['[a\\]]', ']', true],
    ['[a-]', '-', true],
    ['\\x41\\u0042', 'AB', true],
    ['(?<word>up)', 'up', true],
    ['(?:a|)b', 'b', true],
    ['(a*)*b', 'aaab', true],
    ['a{,3}', 'a{,3}', true],
    ['', '', true],
    ['$', 'anything', true],
    ['ü+', 'füür', true],
  ])('%j in %j: %s', (text, body, expected) => {
    expect(compilePattern(text).isIn(body)).toBe(expected);
    // A second search uses what the first one has learnt.
    const pattern = compilePattern(text);
    expect([pattern.isIn(body), pattern.isIn(body)]).toEqual([expected, expected]);
  });

  it('finds what a regular expression of the language finds', () => {
    const random = seededRandom(20);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
    const make = (depth: number): string => {
      const kind = depth === 0 ? 0 : Math.floor(random() * 6);
      switch (kind) {
        case 1:
          return `(?:${make(depth - 1)}|${make(depth - 1)})`;
        case 2:
          return `(?:${make(depth - 1)})${pick(['*', '+', '?', '{2}', '{1,3}', '{0,}', '*?'])}`;
        case 3:
          return make(depth - 1) + make(depth - 1);
        case 4:
          return pick(['^', '$', '\\b', '\\B']) + make(depth - 1);
        default:
          return pick(['a', 'b', '_', '.', '[ab]', '[^a]', '\\w', '\\s', '\\n', '\\d']);
      }
    };
    for (let round = 0; round < 5_000; round++) {
      const text = make(4);
      const body = Array.from({ length: Math.floor(random() * 8) }, () =>
        pick(['a', 'b', '_', ' ', '\n', '1']),
      ).join('');
      expect([text, body, compilePattern(text).isIn(body)]).toEqual([
        text,
        body,
        new RegExp(text).test(body),
      ]);
    }
  });

  it('takes no longer for what sends others back and back', () => {
    const body = 'a'.repeat(65_536);
    const began = performance.now();
    expect(compilePattern('^(a+)+$').isIn(`${body}b`)).toBe(false);
    expect(compilePattern('(a|a)*c').isIn(body)).toBe(false);
    expect(compilePattern('(a*)*(a*)*(a*)*c').isIn(body)).toBe(false);
    expect(compilePattern('(x+x+)+y').isIn('x'.repeat(65_536))).toBe(false);
    expect(compilePattern('(a|b)*a(a|b){60}c').isIn(body)).toBe(false);
    // Going back, the first of them alone would take longer than the universe has.
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('gives up where the states to be kept apart grow without end', () => {
    const random = seededRandom(7);
    const body = Array.from({ length: 65_536 }, () => (random() < 0.5 ? 'a' : 'b')).join('');
    expect(compilePattern('(a|b)*a(a|b){190}c').isIn(body)).toBeNull();
    // What it costs is bounded for each search, and the next one is none the worse for it.
    const pattern = compilePattern('(a|b)*a(a|b){190}c');
    expect([pattern.isIn(body), pattern.isIn('b'), pattern.isIn(`a${'b'.repeat(190)}c`)]).toEqual([
      null,
      false,
      true,
    ]);
  });

  it.each([
    ['(ok', 'a "(" is not closed; write \\( for the character'],
    ['ok)', 'a ")" has no "("; write \\) for the character'],
    ['[ok', 'a "[" is not closed, or empty; write \\[ for the character'],
    ['[]x]', 'a "[" is not closed, or empty; write \\[ for the character'],
    ['*ok', '"*" repeats nothing; write \\* for the character'],
    ['a**', 'a repeat follows a repeat; write one of them, or parentheses around the first'],
    ['a{3}{2}', 'a repeat follows a repeat; write one of them, or parentheses around the first'],
    ['(a)\\1', '\\1 refers back to a group, which takes more than one pass; write the text itself'],
    [
      'a(?=b)',
      'it looks ahead or behind, or sets a flag in the middle, which takes more than one pass; write it without (flags go first: (?i))',
    ],
    ['[z-a]', 'a range in [ ] runs backwards; write the smaller end first'],
    ['a{5,2}', '"{5,2}" is no count from 0 to 200; write e.g. {1,3}'],
    ['(a{200}){200}', 'it is too large; write fewer or smaller repeats'],
    ['(((((((((('.repeat(51), 'it is longer than 500 characters; write a shorter one'],
    ['ok\\', 'it ends in a backslash; write \\\\ for the character'],
    ['\\xg1', '\\x needs 2 hexadecimal digits'],
    ['\\p{L}', '\\p means nothing here; write p'],
  ])('%j is refused', (text, message) => {
    expect(() => compilePattern(text)).toThrow(PatternError);
    expect(() => compilePattern(text)).toThrow(message);
  });
});
