import { expect, it } from 'vitest';
import { allCases, titleOf } from '../../corpus/all-cases.ts';
import { playCorpus } from '../../support/play-corpus.ts';

playCorpus('thoroughly');

it('no two cases of the corpus have the same name, or the same bytes', () => {
  const titles = allCases.map(titleOf);
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  const bytes = allCases.map(({ steps, trusts }) =>
    JSON.stringify([trusts, steps.map(({ client, server }) => [client, server])]),
  );
  expect(titles.filter((_, index) => bytes.indexOf(bytes[index]!) !== index)).toEqual([]);
});
