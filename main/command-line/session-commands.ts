import type { Output } from './output.ts';
import { type ChooseOptions, withRunning } from './running.ts';
import { parsePlace } from './server-place.ts';

/** Commands that act on sessions of the Ballast that runs. `place` is written POOL/SESSION, with the id that `ballast sessions` lists. */

export async function endSession(output: Output, place: string, options: ChooseOptions): Promise<void> {
  const { pool, name: id } = parsePlace(place, sessionForm);
  await withRunning(options, async (client) => {
    await client.call('session.end', { pool, id });
    if (output.json) return output.object({ pool, session: id, ended: true });
    output.line(`${place} has ended; its client is bound anew at its next request`);
  });
}

/** @param place POOL, or POOL/SERVER for those of one server */
export async function endAllSessions(output: Output, place: string, options: ChooseOptions): Promise<void> {
  const named = place.includes('/') ? parsePlace(place, serverForm) : { pool: place, name: undefined };
  const { pool, name: server } = named;
  await withRunning(options, async (client) => {
    const { ended } = await client.call('session.end-all', { pool, ...(server !== undefined && { server }) });
    if (output.json) return output.object({ pool, server: server ?? null, ended });
    output.line(`${ended} ${ended === 1 ? 'session' : 'sessions'} of ${place} ended`);
  });
}

/** @param server its name, within the session's pool */
export async function moveSession(
  output: Output,
  place: string,
  server: string,
  options: ChooseOptions,
): Promise<void> {
  const { pool, name: id } = parsePlace(place, sessionForm);
  const to = server.startsWith(`${pool}/`) ? server.slice(pool.length + 1) : server;
  await withRunning(options, async (client) => {
    const { before } = await client.call('session.move', { pool, id, server: to });
    if (output.json) return output.object({ pool, session: id, server: `${pool}/${to}`, before });
    const after = `${pool}/${to}`;
    output.line(
      before === after ? `${place} was bound to ${after} already` : `${place}: ${before} -> ${after}`,
    );
  });
}

export async function pinSession(
  output: Output,
  place: string,
  pinned: boolean,
  options: ChooseOptions,
): Promise<void> {
  const { pool, name: id } = parsePlace(place, sessionForm);
  await withRunning(options, async (client) => {
    const { before, server } = await client.call('session.pin', { pool, id, pinned });
    if (output.json) return output.object({ pool, session: id, pinned, before, server });
    const done = pinned
      ? `is pinned to ${server}: it neither expires nor moves`
      : `at ${server} is not pinned any more: it expires and moves as others do`;
    output.line(before === pinned ? `${place} was so already: it ${done}` : `${place} ${done}`);
  });
}

const sessionForm = { what: 'session', form: 'POOL/SESSION', example: 'api/s1' };
const serverForm = { what: 'server', form: 'POOL/SERVER', example: 'api/api-1' };
