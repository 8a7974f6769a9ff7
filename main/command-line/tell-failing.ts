import { ejectionStage, isInService } from '@shared/contract/ejection-stage.ts';
import type { CircuitStatus, Metrics } from '@shared/contract/metrics-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import type { Output, Tone } from './output.ts';
import { clockTime } from './table.ts';

/** Servers that real traffic keeps out, or would. */
export function tellEjections(
  output: Output,
  servers: readonly ServerStatus[],
  nowMs: number = Date.now(),
): void {
  const told = servers.filter(
    ({ ejectedBecause, notEjected }) => ejectedBecause !== null || notEjected !== null,
  );
  if (told.length > 0) output.line('');
  for (const status of told) {
    const { id, ejectedBecause, notEjected } = status;
    if (notEjected !== null) output.line(output.paint('bad', `${id} would be ejected: ${notEjected}`));
    else output.line(`${id} is ejected, ${ejectionText(status, nowMs)}: ${ejectedBecause}`);
  }
}

function ejectionText(status: ServerStatus, nowMs: number): string {
  switch (ejectionStage(status, nowMs)) {
    case 'awaiting-trial':
      return 'awaiting a trial request';
    case 'on-trial':
      return 'a trial request is under way';
    default:
      return `next trial from ${clockTime(status.ejectedUntilMs ?? 0, nowMs)}`;
  }
}

/**
 * One word for how a server stands; a draining one that its sessions should leave says both, and whoever is asked all the same says
 * that. `unchecked`: its pool has no health check, and it serves.
 */
export function stateWord(status: ServerStatus, isChecked: boolean, nowMs: number = Date.now()): string {
  const word = ownWord(status, isChecked, nowMs);
  return status.inPanic ? `${word}, panic` : word;
}

function ownWord(status: ServerStatus, isChecked: boolean, nowMs: number): string {
  const { adminState, available, reason, verdict } = status;
  if (reason === 'drained') return reason;
  if (adminState === 'drain' && verdict === 'unhealthy') return 'drain, unhealthy';
  if (adminState === 'drain' && ejectionStage(status, nowMs) === 'ejected') return 'drain, ejected';
  if (adminState !== 'ready') return adminState;
  if (!available && reason !== 'ejected') return reason ?? verdict;
  const stage = ejectionStage(status, nowMs);
  if (stage !== 'none') return stage;
  return verdict === 'unknown' && !isChecked ? 'unchecked' : verdict;
}

/** The colour of that word. */
export function stateTone(status: ServerStatus, nowMs: number = Date.now()): Tone {
  if (isInService(status, nowMs)) return 'good';
  return status.adminState === 'ready' ? 'bad' : 'faint';
}

/** Pools with a circuit breaker. */
export function tellCircuits(output: Output, pools: Metrics['pools'], nowMs: number = Date.now()): void {
  const told = Object.entries(pools).flatMap(([name, { circuit }]) => (circuit ? [{ name, circuit }] : []));
  if (told.length > 0) output.line('');
  for (const { name, circuit } of told) {
    const { state, opened, refused } = circuit;
    const tone = state === 'closed' ? 'good' : state === 'open' ? 'bad' : 'neutral';
    output.line(
      `Circuit of ${name}: ${output.paint(tone, state)}${more(circuit, nowMs)}; since start: openings ${opened}, requests refused ${refused}`,
    );
  }
}

function more({ because, openUntilMs, trials }: CircuitStatus, nowMs: number): string {
  if (openUntilMs !== null) return ` until ${clockTime(openUntilMs, nowMs)}, ${because}`;
  return trials === null ? '' : `, ${trials.succeeded} of ${trials.of} trial requests went well`;
}
