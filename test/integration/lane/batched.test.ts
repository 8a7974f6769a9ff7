import { describe } from 'vitest';
import { setPoolDefaults } from '../../support/lane.ts';
import '../../support/lane-cleanup.ts';
import { playCorpus } from '../../support/play-corpus.ts';

/** What holds for requests that go one by one holds for those that share connections. */
setPoolDefaults({ batching: { mode: 'on', wait: '20ms' } });

describe('with batching, ', () => {
  describe('requests', async () => void (await import('./requests.test.ts')));
  describe('failures', async () => void (await import('./failures.test.ts')));
  describe('kept-alive connections', async () => void (await import('./kept-alive.test.ts')));
  describe('slow peers', async () => void (await import('./slow-peers.test.ts')));
  describe('differences from http-proxy', async () => void (await import('./differential.test.ts')));
  describe('limits', async () => void (await import('./limits.test.ts')));
  describe('sizes', async () => void (await import('./buffer-sizes.test.ts')));
  describe('answers of our own', async () => void (await import('./own-answers.test.ts')));
  playCorpus('briefly');
  describe('upgrades', async () => void (await import('./upgrade.test.ts')));
  describe('chance', async () => void (await import('./fuzz.test.ts')));
});
