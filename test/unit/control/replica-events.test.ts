import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import { expect, it } from 'vitest';
import { replicaEvent } from '../../../main/control/replica-events.ts';

const status = (change: Partial<ReplicaStatus>): ReplicaStatus => ({
  id: 'api-1',
  group: 'api',
  address: '127.0.0.1:41001',
  command: 'node server.mjs',
  state: 'running',
  pid: 12,
  startedAtMs: 0,
  exit: null,
  ...change,
});
const exit = { atMs: 1, code: null, signal: null, asked: false, output: '' };

it('tells a start once', () => {
  expect(replicaEvent(status({ state: 'starting' }), status({}))).toMatchObject({
    kind: 'replica-started',
    tone: 'good',
  });
  expect(replicaEvent(status({}), status({}))).toBeUndefined();
  expect(replicaEvent(undefined, status({ state: 'starting' }))).toBeUndefined();
});

it('tells a kill from an end by itself, and what was written last', () => {
  const killed = replicaEvent(
    status({}),
    status({ state: 'exited', pid: null, exit: { ...exit, signal: 'SIGKILL', asked: true } }),
  );
  expect(killed).toMatchObject({ text: 'Replica api-1 (pid 12) was ended by SIGKILL', tone: 'bad' });
  const crashed = replicaEvent(
    status({}),
    status({ state: 'exited', pid: null, exit: { ...exit, code: 1, output: 'trace\nout of memory\n' } }),
  );
  expect(crashed).toMatchObject({
    text: 'Replica api-1 (pid 12) ended by itself with code 1: out of memory',
    tone: 'bad',
  });
  const shot = replicaEvent(
    status({}),
    status({ state: 'exited', pid: null, exit: { ...exit, signal: 'SIGKILL' } }),
  );
  expect(shot).toMatchObject({
    text: 'Replica api-1 (pid 12) ended by SIGKILL, not by Ballast',
    tone: 'bad',
  });
  const asked = replicaEvent(
    status({}),
    status({ state: 'exited', exit: { ...exit, signal: 'SIGTERM', asked: true } }),
  );
  expect(asked).toMatchObject({ tone: 'neutral' });
});

it('tells of one that never came up', () => {
  const failed = replicaEvent(
    status({ state: 'starting' }),
    status({ state: 'failed', exit: { ...exit, code: 127, output: 'no such file' } }),
  );
  expect(failed).toMatchObject({
    kind: 'replica-exited',
    text: 'Replica api-1 (pid 12) did not start: no such file',
    tone: 'bad',
  });
});
