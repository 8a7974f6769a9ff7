import type { ServerStatus } from '@shared/contract/values.ts';
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
