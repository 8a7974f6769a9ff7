import type { BallastEvent, EventKind } from '@shared/contract/event-values.ts';
import type { ReplicaStatus, ServerStatus } from '@shared/contract/server-values.ts';
import { deriveBands } from '../../renderer/src/features/timeline/bands.ts';
import type { FailingSpan } from '../../renderer/src/features/timeline/failing-log.ts';
import { serverStatus } from './server-status.ts';

let sequence = 0;
/** About `api/api-2`, or about the whole engine. */
export const event = (
  atMs: number,
  kind: EventKind,
  tone: BallastEvent['tone'] = 'neutral',
  text: string = kind,
): BallastEvent => {
  sequence += 1;
  const server = kind.startsWith('engine') ? null : 'api/api-2';
  return { sequence, atMs, kind, text, tone, pool: 'api', server, request: null };
};

/** Of `api/api-2`, which is well. */
export const status = (changes: Partial<ServerStatus> = {}): ServerStatus =>
  serverStatus({
    id: 'api/api-2',
    name: 'api-2',
    address: '127.0.0.1:3002',
    lastProbe: null,
    probesRun: 10,
    ...changes,
  });

/** Its process. */
const running: ReplicaStatus = {
  id: 'api-2',
  group: 'api',
  address: '127.0.0.1:3002',
  command: 'node server.js',
  state: 'running',
  pid: 1,
  startedAtMs: 0,
  exit: null,
};

/** Of `api/api-2`, until a minute has passed. */
export function bands(
  events: BallastEvent[],
  now: ServerStatus | undefined = status(),
  {
    knownFromMs = 0,
    nowMs = 60_000,
    replica = running as ReplicaStatus | undefined,
    failing = [] as readonly FailingSpan[],
  } = {},
) {
  return deriveBands({ events, status: now, replica, failing, knownFromMs, nowMs });
}
export const told = (list: ReturnType<typeof bands>) =>
  list.map(({ fromMs, toMs, state }) => [fromMs, toMs, state]);
