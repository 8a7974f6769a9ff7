import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { emptyRequest, keepRequest } from '../../main/engine/journal/kept-request.ts';
import { tellForRecord } from '../../main/engine/journal/tell-for-record.ts';
import type { ModelledAttempt } from '../../main/engine/simulation/modelled-attempt.ts';
import { replay } from '../../main/engine/simulation/replay.ts';
import type { PoolInput } from './config-of.ts';
import { poolConfig } from './engine-kit.ts';
import { recordedRequest } from './recordings.ts';

/** How the servers of a life really are. The server goes by its short name. */
export interface Truth {
  /** Null where it answers, after `durationMs`. */
  failure(server: string, atMs: number): ModelledAttempt | null;
  /** The same for its probes; as `failure` where it is left out. */
  probe?(server: string, atMs: number): ModelledAttempt | null;
  /** What a request comes to by itself, at whichever server. @param tries attempts before this one */
  own?(index: number, tries: number): ModelledAttempt | null;
  durationMs(server: string): number;
}

/** Requests that arrive at these times, led by the engine's own pool to such servers and told by the journal, as `ballast record` would. */
export async function livedRecording(
  input: PoolInput,
  arrivals: readonly number[],
  truth: Truth,
): Promise<RecordedRequest[]> {
  const config = poolConfig(input);
  const requests = arrivals.map((atMs, index) =>
    recordedRequest(atMs, [], { id: String(index), client: `127.0.0.${1 + (index % 20)}` }),
  );
  const told: RecordedRequest[] = [];
  const short = (server: string) => server.slice(server.indexOf('/') + 1);
  await replay({
    requests,
    model: {
      attempt: ({ id }, server, atMs, _timeouts, tries = 0) =>
        truth.failure(short(server), atMs) ??
        truth.own?.(Number(id), tries) ?? {
          outcome: 'responded',
          status: 200,
          durationMs: truth.durationMs(short(server)),
        },
      probeFailureAt: (server, atMs) => (truth.probe ?? truth.failure)(short(server), atMs),
    },
    recorded: config,
    config,
    seed: 99,
    ended: (exchange, now) => {
      const kept = emptyRequest();
      keepRequest(kept, exchange, now);
      told.push(tellForRecord(kept));
    },
  });
  told.sort((one, other) => one.arrivedMs - other.arrivedMs);
  const first = told[0]!.arrivedMs;
  return told.map((request) => ({
    ...request,
    arrivedMs: Math.round((request.arrivedMs - first) * 1_000) / 1_000,
  }));
}
