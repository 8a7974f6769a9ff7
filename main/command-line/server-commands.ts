import { strategies } from '@shared/catalog/strategies.ts';
import type { ContractClient } from '@shared/contract/client.ts';
import type { AdminState, ProbeRecord } from '@shared/contract/values.ts';
import { Failure } from './failure.ts';
import type { Output } from './output.ts';
import { type ChooseOptions, readState, withRunning } from './running.ts';
import { parsePlace as parsePool } from './server-place.ts';
import { type Column, clockTime, milliseconds, table } from './table.ts';

/** Commands that act on one server of the Ballast that runs. `place` is written POOL/SERVER. */

export async function setAdminState(
  output: Output,
  place: string,
  adminState: AdminState,
  options: ChooseOptions,
): Promise<void> {
  const named = parsePlace(place);
  await withRunning(options, async (client) => {
    const { before } = await client.call('server.set-admin-state', { ...named, adminState });
    if (output.json) return output.object({ server: place, adminState, before });
    output.line(
      before === adminState ? `${place} was ${adminState} already` : `${place}: ${before} -> ${adminState}`,
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
    const note = told ?? (await ignoredNote(client, named.pool));
    if (output.json) return output.object({ server: place, weight, revision, note });
    output.line(`${place}: weight ${weight}, written to the file${note ? `; ${note}` : ''}`);
  });
}

/** A weight that changes nothing must not look as if it did. */
async function ignoredNote(client: ContractClient, poolName: string): Promise<string | null> {
  const { current } = await readState(client, 'config');
  const kind = current?.config.pools.find(({ name }) => name === poolName)?.strategy.kind;
  if (kind === undefined || strategies[kind].usesWeights) return null;
  return `pool ${poolName} is balanced by ${kind}, which ignores weights`;
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
