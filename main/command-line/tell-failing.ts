import type { CircuitStatus, Metrics } from '@shared/contract/metrics-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import type { Output } from './output.ts';
import { clockTime } from './table.ts';

/** Servers that real traffic keeps out, or would. */
export function tellEjections(output: Output, servers: readonly ServerStatus[]): void {
  const told = servers.filter(
    ({ ejectedBecause, notEjected }) => ejectedBecause !== null || notEjected !== null,
  );
  if (told.length > 0) output.line('');
  for (const { id, ejectedUntilMs, ejectedBecause, notEjected } of told) {
    if (notEjected !== null) output.line(output.paint('bad', `${id} would be ejected: ${notEjected}`));
    else output.line(`${id} is ejected, next trial ${clockTime(ejectedUntilMs ?? 0)}: ${ejectedBecause}`);
  }
}

/** Pools with a circuit breaker. */
export function tellCircuits(output: Output, pools: Metrics['pools']): void {
  const told = Object.entries(pools).flatMap(([name, { circuit }]) => (circuit ? [{ name, circuit }] : []));
  if (told.length > 0) output.line('');
  for (const { name, circuit } of told) {
    const { state, opened, refused } = circuit;
    const tone = state === 'closed' ? 'good' : state === 'open' ? 'bad' : 'neutral';
    output.line(
      `Circuit of ${name}: ${output.paint(tone, state)}${more(circuit)}; since start: openings ${opened}, requests refused ${refused}`,
    );
  }
}

function more({ because, openUntilMs, trials }: CircuitStatus): string {
  if (openUntilMs !== null) return ` until ${clockTime(openUntilMs)}, ${because}`;
  return trials === null ? '' : `, ${trials.succeeded} of ${trials.of} trial requests went well`;
}
