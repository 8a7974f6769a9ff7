import type { RecordedFault, RecordedRequest } from '@shared/contract/recorded-request.ts';
import type { DecisionRecord } from './decision.ts';
import { idText, type KeptRequest } from './kept-request.ts';

/** What a recording says of a request. */
export function tellForRecord(kept: KeptRequest): RecordedRequest {
  const attempts = kept.attempts.slice(0, kept.attemptCount);
  const decisions = [...attempts.map(({ decision }) => decision), kept.unserved];
  const last = decisions.findLast((decision) => decision !== null) ?? null;
  const first = decisions.find((decision) => decision !== null) ?? null;
  return {
    id: idText(kept),
    arrivedMs: micros(kept.endedAt - kept.durationMs),
    durationMs: micros(kept.durationMs),
    listener: kept.listener,
    pool: kept.pool,
    client: kept.client,
    method: kept.method,
    target: kept.target,
    status: kept.status,
    failed: kept.failed,
    requestBytes: kept.requestBytes,
    queuedMs: micros(decisions.reduce((sum, decision) => sum + (decision?.queuedMs ?? 0), 0)),
    session: kept.session,
    affinity: last === null ? null : last.affinity,
    key: keyHashOf(decisions),
    ...(first !== null && { unwell: unwellBy(first) }),
    attempts: attempts.map(({ server, startedAfterMs, durationMs, outcome, status }) => ({
      server,
      startedAfterMs: micros(startedAfterMs),
      durationMs: micros(durationMs),
      outcome,
      status,
    })),
    ...(attempts.length > 1 && { decisive: kept.decisive }),
  };
}

/** Of whichever attempt was led by one: they all have the same key. */
function keyHashOf(decisions: readonly (DecisionRecord | null)[]): number | null {
  for (const decision of decisions)
    if (decision !== null && decision.keyHash !== null) return decision.keyHash;
  return null;
}

/** What a decision knew against the servers. */
function unwellBy(decision: DecisionRecord): Record<string, RecordedFault[]> {
  const unwell: Record<string, RecordedFault[]> = {};
  for (const [index, id] of decision.roster.ids.entries()) {
    const { verdict, unreachable, ejected } = decision.facts(index);
    if (verdict !== 'unhealthy' && !unreachable && !ejected) continue;
    const faults: RecordedFault[] = [];
    if (verdict === 'unhealthy') faults.push('unhealthy');
    if (unreachable) faults.push('unreachable');
    if (ejected) faults.push('ejected');
    unwell[id] = faults;
  }
  return unwell;
}

function micros(ms: number): number {
  return Math.max(0, Math.round(ms * 1_000) / 1_000);
}
