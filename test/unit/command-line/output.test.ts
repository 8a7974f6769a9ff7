import { expect, it } from 'vitest';
import { problemText } from '../../../main/command-line/output.ts';
import { growingTable, milliseconds, percent, table } from '../../../main/command-line/table.ts';

it('points at the place of a problem', () => {
  const text = problemText('ballast.yaml', {
    path: ['pools', 0],
    message: 'unknown key "wieght"; did you mean weight?',
    line: 12,
    column: 7,
    excerpt: '      wieght: 3',
  });
  expect(text.split('\n')).toEqual([
    'ballast.yaml:12:7  unknown key "wieght"; did you mean weight?',
    '  12 |       wieght: 3',
    '             ^',
  ]);
});

it('keeps tabs, so that the caret stands below its column', () => {
  const text = problemText('f', { path: [], message: 'm', line: 1, column: 3, excerpt: '\t\tx' });
  expect(text.split('\n').at(-1)).toBe('      \t\t^');
});

it('names the file alone where there is no place', () => {
  expect(problemText('f.yaml', { path: [], message: 'is empty' })).toBe('f.yaml  is empty');
});

it('aligns columns, numbers at the right, without trailing blanks', () => {
  const lines = table(
    [
      { name: 'a', hits: 5 },
      { name: 'longer', hits: 12_345 },
    ],
    [
      { title: 'NAME', text: ({ name }) => name },
      { title: 'HITS', align: 'right', text: ({ hits }) => String(hits) },
      { title: 'NOTE', text: () => '' },
    ],
  );
  expect(lines).toEqual(['NAME     HITS  NOTE', 'a           5', 'longer  12345']);
});

it('does not count colour as width', () => {
  const lines = table(
    ['x', 'yy'],
    [
      { title: 'A', text: (row) => row, paint: (_, padded) => `<${padded}>` },
      { title: 'B', text: () => 'b' },
    ],
  );
  expect(lines.slice(1)).toEqual(['<x >  b', '<yy>  b']);
});

it('never rounds a failure away', () => {
  expect([1, 0.99996, 0.5, 0.333, 0, null].map(percent)).toEqual([
    '100 %',
    '99.9 %',
    '50 %',
    '33.3 %',
    '0 %',
    '-',
  ]);
});

it('writes times in a fitting unit', () => {
  expect([0.418, 12.4, 1_400, null].map(milliseconds)).toEqual(['0.42 ms', '12 ms', '1.4 s', '-']);
});

it('tells a table in parts whose columns stay below each other', () => {
  const more = growingTable<readonly [string, string]>([
    { title: 'A', text: ([a]) => a },
    { title: 'TOOK', align: 'right', least: 7, text: ([, b]) => b },
  ]);
  expect(more([['x', '46 ms']])).toEqual(['x    46 ms']);
  expect(more([['longer', '1.25 ms']])).toEqual(['longer  1.25 ms']);
  expect(more([['x', '46 ms']])).toEqual(['x         46 ms']);
});
