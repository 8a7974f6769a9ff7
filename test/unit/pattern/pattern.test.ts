import { performance } from 'node:perf_hooks';
import { compilePattern, PatternError } from '@shared/lib/pattern.ts';
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
    ['(?i)É', 'é', true],
    ['.', '\n', false],
    ['(?s)a.b', 'a\nb', true],
    ['"status":\\s*"(up|ok)"', '{ "status": "ok" }', true],
    ['"status":\\s*"(up|ok)"', '{ "status": "down" }', false],
    ['a{2,3}b', 'ab aab', true],
    ['\\bfoo\\b', 'food', false],
    ['[\\d.]+ms', 'took 1.5ms', true],
    ['\\x41\\x{42}', 'AB', true],
    ['\\p{L}', '1ü', true],
    ['(?<word>up)', 'up', true],
    ['', '', true],
    ['ü+', 'füür', true],
  ])('%j in %j: %s', (text, body, expected) => {
    const pattern = compilePattern(text);
    // A second search uses what the first one has learnt.
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
    for (let round = 0; round < 2_000; round++) {
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
    const body = 'a'.repeat(65_535);
    const began = performance.now();
    expect(compilePattern('^(a+)+$').isIn(`${body}b`)).toBe(false);
    expect(compilePattern('(a|a)*c$').isIn(`c${body}`)).toBe(false);
    expect(compilePattern('(a*)*(a*)*(a*)*c$').isIn(`c${body}`)).toBe(false);
    expect(compilePattern('(a|b)*a(a|b){30}c$').isIn(`c${body}`)).toBe(false);
    // Going back, the first of them alone would take longer than the universe has.
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('knows before the search what it may cost', () => {
    const small = compilePattern('"status":\\s*"(up|ok)"').stepsPerByte;
    expect(small).toBeGreaterThan(5);
    expect(small).toBeLessThan(50);
    expect(compilePattern('(a|b){190}c').stepsPerByte).toBeGreaterThan(190);
  });

  const tooLarge = 'it is too large; write fewer or smaller repeats';
  const looks = 'it looks ahead or behind, which takes more than one pass; write it without';
  it.each([
    ['(ok', 'a "(" is not closed; write \\( for the character'],
    ['ok)', 'a ")" has no "("; write \\) for the character'],
    ['[ok', 'a "[" is not closed, or empty; write \\[ for the character'],
    ['[]', 'a "[" is not closed, or empty; write \\[ for the character'],
    ['*ok', '"*" repeats nothing; write \\* for the character'],
    ['a**', 'a repeat follows a repeat; write one of them, or parentheses around the first'],
    ['a{3}{2}', 'a repeat follows a repeat; write one of them, or parentheses around the first'],
    ['(a)\\1', '\\1 refers back to a group, which takes more than one pass; write the text itself'],
    ['(?<n>a)\\k<n>', '\\k refers back to a group, which takes more than one pass; write the text itself'],
    ['a(?=b)', looks],
    ['a(?!b)', looks],
    ['(?<=b)a', looks],
    ['(?<!b)a', looks],
    ['(?>a)', '"(?>" begins nothing that can be found in one pass; write (?:...) for a group'],
    [
      '(?<a b>x)',
      'the name of a group is not closed, or has other characters than letters, digits and _; write e.g. (?<word>...)',
    ],
    ['(?<a>x)(?<a>y)', 'two groups are named a; write (?:...) for those that need no name'],
    ['[z-a]', 'a range in [ ] runs backwards; write the smaller end first'],
    ['\\p{Foo}', '"\\p{Foo}" is no class of characters; write e.g. \\p{L}, [[:alpha:]] or [a-z]'],
    ['a{5,2}', '"{5,2}" is no count from 0 to 1000; write e.g. {1,3}'],
    ['a{1001}', '"{1001}" is no count from 0 to 1000; write e.g. {1,3}'],
    ['(a{200}){200}', tooLarge],
    ['(((((((((('.repeat(51), 'it is longer than 500 characters; write a shorter one'],
    ['ok\\', 'it ends in a backslash; write \\\\ for the character'],
    ['\\xg1', '\\x needs 2 hexadecimal digits, or more in braces; write e.g. \\x{e9}'],
    ['\\u00e9', '\\u means nothing here; write e.g. \\x{e9}'],
    ['\\y', '\\y means nothing here; write y'],
  ])('%j is refused', (text, message) => {
    expect(() => compilePattern(text)).toThrow(PatternError);
    expect(() => compilePattern(text)).toThrow(message);
  });
});
