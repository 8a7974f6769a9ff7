import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { Exchange } from '../../main/engine/exchange.ts';
import type { RunFigures } from '../../main/engine/simulation/figures.ts';
import { replay } from '../../main/engine/simulation/replay.ts';
import { ServiceModel } from '../../main/engine/simulation/service-model.ts';
import type { PoolInput } from './config-of.ts';
import { poolConfig, serversNamed } from './engine-kit.ts';

const base = {
  servers: serversNamed({ a: 1, b: 1 }),
  healthCheck: { type: 'none' },
  outlierDetection: { consecutiveFailures: 0 },
  strategy: 'first',
} as const;

/** So that the budget forbids nothing. */
export const rich = { budgetMinPerSecond: 10_000 };

/** What a replay makes of its requests, in the order in which they arrived. */
export interface ReplayedRequests extends RunFigures {
  readonly statuses: readonly number[];
  /** Short names of the servers whose attempts decided; null where there was no attempt. */
  readonly decisive: readonly (string | null)[];
}

/**
 * Runs recorded requests through a pool of the servers a and b, which prefers a and ejects nobody, unless the settings say otherwise.
 *
 * @param recorded settings of the recorded run
 */
export async function replayed(
  requests: readonly RecordedRequest[],
  input: Partial<PoolInput> = {},
  recorded: Partial<PoolInput> = {},
): Promise<ReplayedRequests> {
  const before = poolConfig({ ...base, ...recorded });
  const model = new ServiceModel(requests, before.timeouts, before.healthCheck);
  const statuses: number[] = [];
  const decisive: (string | null)[] = [];
  const ended = ({ id, status, decisiveAttempt }: Exchange): void => {
    statuses[id - 1] = status;
    decisive[id - 1] = decisiveAttempt?.server?.name ?? null;
  };
  const config = poolConfig({ ...base, ...input });
  const figures = await replay({ requests, model, recorded: before, config, seed: 3, ended });
  return { ...figures, statuses, decisive };
}
