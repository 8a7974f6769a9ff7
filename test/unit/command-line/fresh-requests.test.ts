import type { RequestSummary } from '@shared/contract/request-values.ts';
import { expect, it } from 'vitest';
import { freshRequests } from '../../../main/command-line/fresh-requests.ts';
import { requestSummary } from '../../support/request-summary.ts';

const request = (id: string, endMs: number): RequestSummary => requestSummary({ id, atMs: endMs - 1 });

/** Newest first. */
const ids = (found: readonly RequestSummary[]): string[] => found.map(({ id }) => id);

it('every request is news once', () => {
  const news = freshRequests(3);
  expect(ids(news.take([request('b', 2), request('a', 1)]))).toEqual(['b', 'a']);
  expect(ids(news.take([request('c', 3), request('b', 2), request('a', 1)]))).toEqual(['c']);
  expect(ids(news.take([request('c', 3), request('b', 2), request('a', 1)]))).toEqual([]);
});

it('of those that ended at the same time none is lost and none is told twice', () => {
  const news = freshRequests(3);
  news.take([request('a', 5)]);
  expect(ids(news.take([request('b', 5), request('a', 5)]))).toEqual(['b']);
  // Of another thread, which tells it later than what ended after it.
  expect(ids(news.take([request('b', 5), request('a', 5), request('c', 4)]))).toEqual(['c']);
});

it('what comes up because newer ones were forgotten is no news', () => {
  const news = freshRequests(3);
  news.take([request('e', 5), request('d', 4), request('c', 3)]);
  expect(ids(news.take([request('e', 5), request('b', 2), request('a', 1)]))).toEqual([]);
  expect(ids(news.take([request('f', 6), request('e', 5), request('b', 2)]))).toEqual(['f']);
});

it('what an answer left out once is no news when it is back', () => {
  const news = freshRequests(3);
  news.take([request('b', 2), request('a', 1)]);
  news.take([request('c', 3)]);
  expect(ids(news.take([request('c', 3), request('b', 2), request('a', 1)]))).toEqual([]);
});
