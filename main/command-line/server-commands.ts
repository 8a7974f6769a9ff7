import { strategies } from '@shared/catalog/strategies.ts';
import type { ContractClient } from '@shared/contract/client.ts';
import type { AdminState, ProbeRecord } from '@shared/contract/server-values.ts';
import { parseDuration } from '@shared/lib/duration.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Output } from './output.ts';
import { type ChooseOptions, readState, withRunning } from './running.ts';
import { parsePlace as parsePool } from './server-place.ts';
import { type Column, clockTime, milliseconds, table } from './table.ts';

export interface DrainOptions extends ChooseOptions {
  /** A duration as text. */
  readonly deadline?: string;
}

/** The longest that a timer can wait. */
const longestDrainMs = 2_147_483_647;

/** Commands that act on one server of the Ballast that runs. `place` is written POOL/SERVER. */

export async function setAdminState(
  output: Output,
  place: string,
  adminState: AdminState,
  options: DrainOptions,
): Promise<void> {
  const named = parsePlace(place);
  const { deadline } = options;
  const drainMs = deadline === undefined ? undefined : parseDuration(deadline);
  if (deadline !== undefined && drainMs === undefined) {
    throw new Failure(`"${deadline}" is no duration; write a number and a unit, e.g. --deadline 30s`, {
      exitCode: exitCodes.usage,
    });
  }
  if (drainMs !== undefined && drainMs > longestDrainMs) {
    throw new Failure(`a deadline is 24d at most, and "${deadline}" is more; write e.g. --deadline 30s`, {
      exitCode: exitCodes.usage,
    });
  }
  await withRunning(options, async (client) => {
    const params = { ...named, adminState, ...(drainMs !== undefined && { drainMs }) };
    const { before } = await client.call('server.set-admin-state', params);
    if (output.json) return output.object({ server: place, adminState, before });
    const until =
      drainMs === undefined ? '' : drainMs === 0 ? ', without a deadline' : `, for ${deadline} at most`;
    output.line(
      before === adminState && until === ''
        ? `${place} was ${adminState} already`
        : `${place}: ${before} -> ${adminState}${until}`,
    );
  });
}

export async function setWeight(
  output: Output,
  place: string,
  weight: number,
  options: ChooseOptions,
): Promise<void> {
  const named = parsePlace(place);
  await withRunning(options, async (client) => {
    const { revision, note: told } = await client.call('server.set-weight', { ...named, weight });
    const note = told ?? (await ignoredNote(client, named.pool, weight));
    if (output.json) return output.object({ server: place, weight, revision, note });
    output.line(`${place}: weight ${weight}, written to the file${note ? `; ${note}` : ''}`);
  });
}

/** A weight that changes nothing must not look as if it did, nor one that does as if it did not: 0 counts everywhere. */
async function ignoredNote(client: ContractClient, poolName: string, weight: number): Promise<string | null> {
  if (weight === 0) return 'it takes no new clients; those with a session there stay';
  const { current } = await readState(client, 'config');
  const kind = current?.config.pools.find(({ name }) => name === poolName)?.strategy.kind;
  if (kind === undefined || strategies[kind].usesWeights) return null;
  return `pool ${poolName} is balanced by ${kind}, which ignores weights above 0`;
}

export async function kill(output: Output, place: string, options: ChooseOptions): Promise<void> {
  const named = parsePlace(place);
  await withRunning(options, async (client) => {
    const { pid, signal } = await client.call('server.kill', named);
    if (output.json) return output.object({ server: place, pid, signal });
    output.line(`${place}: process ${pid} ended with ${signal}`);
  });
}

export async function start(output: Output, place: string, options: ChooseOptions): Promise<void> {
  const named = parsePlace(place);
  await withRunning(options, async (client) => {
    const replica = await client.call('server.start', named);
    if (output.json) output.object({ server: place, ...replica });
    else if (replica.state === 'running') output.line(`${place}: runs again (pid ${replica.pid})`);
    if (replica.state === 'running' || replica.state === 'starting') return;
    const said = replica.exit?.output.trim();
    throw new Failure(`${place} did not start${said ? `:\n${said}` : ''}`);
  });
}

export async function probes(output: Output, place: string, options: ChooseOptions): Promise<void> {
  const named = parsePlace(place);
  await withRunning(options, async (client) => {
    const history = await client.call('server.probes', named);
    if (output.json)
      return history.probes.forEach((probe) => void output.object({ server: place, ...probe }));
    if (history.probes.length === 0) return output.line(`${place} has not been probed`);
    for (const line of table(history.probes, probeColumns(output))) output.line(line);
    output.note(
      `${history.run} probes in all, ${history.failed} failed${history.forgotten > 0 ? `; ${history.forgotten} older ones are no longer kept` : ''}`,
    );
  });
}

function probeColumns(output: Output): Column<ProbeRecord>[] {
  return [
    { title: 'TIME', text: ({ atMs }) => clockTime(atMs) },
    {
      title: 'PROBE',
      text: ({ succeeded }) => (succeeded ? 'good' : 'failed'),
      paint: ({ succeeded }, padded) => output.paint(succeeded ? 'good' : 'bad', padded),
    },
    { title: 'TOOK', align: 'right', text: ({ durationMs }) => milliseconds(durationMs) },
    { title: 'VERDICT', text: ({ verdict }) => verdict },
    { title: 'SEEN', text: ({ detail }) => detail },
  ];
}

function parsePlace(place: string): { pool: string; server: string } {
  const { pool, name } = parsePool(place, { what: 'server', form: 'POOL/SERVER', example: 'api/api-1' });
  return { pool, server: name };
}
