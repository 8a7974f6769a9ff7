import type { BallastEvent } from '@shared/contract/event-values.ts';
import { eventText } from '@shared/lib/event-text.ts';
import { dropNote, untilEnd } from './following.ts';
import { named } from './named.ts';
import type { Output } from './output.ts';
import { type ChooseOptions, withRunning } from './running.ts';
import { followSharedNames } from './shared-names.ts';
import { clockTime } from './table.ts';

/** What happened: verdicts, retries, sessions, replicas, configuration; and what happens, until it is interrupted. */
export async function events(
  output: Output,
  options: ChooseOptions & { limit: number; server?: string; follow?: boolean },
): Promise<void> {
  let shared: () => ReadonlySet<string> = () => new Set();
  const tell = (event: BallastEvent) => {
    if (output.json) return output.object(event);
    output.line(`${clockTime(event.atMs)}  ${output.paint(event.tone, eventText(event, shared()))}`);
  };
  await withRunning(options, async (client) => {
    const { limit, server } = await named(client, options, async (wanted) => {
      const { events: known } = await client.call('event.list', { ...wanted, limit: 1 });
      return known.length > 0;
    });
    shared = await followSharedNames(client);
    const { events: found, forgotten } = await client.call('event.list', {
      limit,
      ...(server !== undefined && { server }),
    });
    found.forEach(tell);
    if (!options.follow) {
      if (forgotten > 0 && !output.json) output.note(`${forgotten} older events are no longer kept`);
      return;
    }
    // They stand in the order of time, which is not quite that of their numbers.
    const last = Math.max(0, ...found.map(({ sequence }) => sequence));
    client.log(
      'events',
      ({ entries, dropped }) => {
        if (dropped > 0) dropNote(output, dropped, 'events');
        for (const event of entries) {
          if (event.sequence > last && (server === undefined || event.server === server)) tell(event);
        }
      },
      last,
    );
    await untilEnd(client);
  });
}
