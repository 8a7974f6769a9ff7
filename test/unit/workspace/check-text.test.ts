import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../main/workspace/document.ts';
import { good, listener, pools, problemsOf } from '../../support/problems-of.ts';

describe('a ballast.yaml whose text is not what it should be', () => {
  it.each<[string, string, string[]]>([
    // YAML itself
    [
      'duplicate key',
      `${listener}${listener}${pools}`,
      ['2:1 "listeners" is written twice here; keep one of them'],
    ],
    [
      'duplicate key inside',
      `${listener}pools:\n  - name: api\n    name: b\n    servers: [{ address: 127.0.0.1:1 }]\n`,
      ['4:5 "name" is written twice here; keep one of them'],
    ],
    ['tab', 'listeners:\n\t- name: web\n', ['2:1 a tab cannot indent YAML; write spaces']],
    [
      'unclosed bracket',
      'listeners: [{ name: web\npools: []\n',
      ['2:1 a "[" or "{" further up is not closed; write the "]" or "}" that is missing'],
    ],
    [
      'two colons',
      'listeners: web: api\n',
      [
        '1:12 a second ": " in one line; put the text in quotes, or the inner key on a line of its own, indented',
      ],
    ],
    [
      'unclosed quote',
      'listeners: "web\n',
      ['1:15 a quote is not closed; write the same quote at the end of the text'],
    ],
    [
      'unknown alias',
      `listeners: *web\n`,
      ['1:12 there is no anchor &web before this; write the value itself, or &web where it is first written'],
    ],
    [
      'unknown alias behind <<',
      good.replace('weight: 2', '<<: *x'),
      ['8:36 "<<" takes the keys of a mapping that an &anchor named before; write that anchor, or the keys'],
    ],
    [
      'IPv6 address without quotes',
      good.replace('127.0.0.1:8080', '[::1]:8080'),
      ['3:29 an address that begins with "[" stands in quotes: write "[::1]:8080"'],
    ],
    ['tag', `listeners: !web []\n`, ['1:12 the tag !web means nothing here; remove it']],
    [
      'second document',
      `${listener}---\na: 1\n`,
      ['2:1 a second document begins here; keep one, without "---"'],
    ],
    ['reserved character', 'listeners: @web\n', ['1:12 a text cannot begin with "@"; put it in quotes']],
    // the whole
    ['text', 'hello\n', ['1:1 this is no configuration; write listeners: and pools: at the start of a line']],
    ['list', '- a\n', ['1:1 this is no configuration; write listeners: and pools: at the start of a line']],
  ])('tells line, column and what to write: %s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  it('says the same of a file with Windows line ends and a byte order mark', () => {
    const text = `\uFEFF${good.replace('weight', 'wieght')}`.replaceAll('\n', '\r\n');
    expect(problemsOf(text)).toEqual(['8:36 unknown key "wieght"; did you mean "weight"?']);
    expect(problemsOf(`\uFEFFpols: 1\n`)[0]).toMatch(/^1:1 /);
  });

  it.each(['', '\n\n', '# only a comment\n', '---\n'])(
    'says what to write into an empty file: %j',
    (text) => {
      const [problem, ...others] = problemsOf(text);
      expect(others).toEqual([]);
      expect(problem).toMatch(/^1:1 the file is empty; write at least listeners:/);
    },
  );

  it('refuses a huge file without reading it as YAML', () => {
    const checked = parseDocument('a: [\n'.repeat(1_000_000)).check();
    expect(checked.ok === false && checked.problems[0]?.message).toMatch(/more than 1048576 characters/);
  });

  it('refuses aliases that multiply instead of running out of memory', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++) lines.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}]`);
    expect(problemsOf(`${lines.join('\n')}\n`)[0]).toMatch(/too many aliases/);
  });

  it('reads anchors, aliases and merge keys', () => {
    const text = `${listener}pools:
  - &base
    name: api
    retry: { attempts: 2 }
    servers: [{ address: 127.0.0.1:3001 }]
  - <<: *base
    name: canary
`;
    const checked = parseDocument(text).check();
    expect(checked.ok && checked.config.pools.map(({ name, retry }) => [name, retry.attempts])).toEqual([
      ['api', 2],
      ['canary', 2],
    ]);
  });
});
