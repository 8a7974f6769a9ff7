import { expect, it } from 'vitest';
import { leasedReadBuffers } from '../../main/engine/sockets/read-buffers.ts';
import { ask, kinds, type Request } from '../support/chaos/asking.ts';
import { fleetOf } from '../support/chaos/fleet.ts';
import { startRig } from '../support/chaos/rig.ts';
import { until } from '../support/until.ts';

const { steady } = fleetOf('a', 'b');

const leave = {
  'ends its half': (socket: import('node:net').Socket) => socket.end(),
  closes: (socket: import('node:net').Socket) => socket.destroy(),
  resets: (socket: import('node:net').Socket) => socket.resetAndDestroy(),
};

/** When a client leaves: what of the request it sends before, what the server does, and how one knows that it is time. */
const moments: readonly {
  readonly when: string;
  readonly sends?: Partial<Request>;
  readonly act: string;
  readonly reached: 'nothing' | 'server' | 'client';
  readonly only?: 'with a body';
  /** The request is sent whole: then who ends only its half is answered, and who closes is only noticed by a write. */
  readonly asksAll?: true;
}[] = [
  { when: 'in the middle of the head', sends: { headBytesSent: 20 }, act: 'ok', reached: 'nothing' },
  {
    when: 'in the middle of the body',
    sends: { bodyBytesSent: 1_500 },
    act: 'silent@request',
    reached: 'server',
    only: 'with a body',
  },
  { when: 'while the server takes its time', act: 'delay@1500', reached: 'server', asksAll: true },
  { when: 'in the middle of the response', act: 'drip@100', reached: 'client', asksAll: true },
  {
    when: 'in the middle of a large response',
    sends: { responseBytes: 7_000_000 },
    act: 'ok',
    reached: 'client',
    asksAll: true,
  },
];

const cases = moments.flatMap((moment) =>
  kinds
    .filter(({ method }) => method !== 'HEAD')
    .filter(({ bodyBytes }) => moment.only === undefined || bodyBytes > 0)
    .flatMap((kind) =>
      (['handle', 'events'] as const).flatMap((readPath) =>
        Object.keys(leave).map((how) => ({ ...moment, kind, readPath, how: how as keyof typeof leave })),
      ),
    ),
);

async function run(
  { when, sends, act, reached, asksAll, kind, readPath, how }: (typeof cases)[number],
  number: number,
) {
  const id = `c${number}`;
  const rig = await startRig({ servers: steady, readPath });
  const about = `${kind.name}, ${when}, ${how}, ${readPath}`;
  const asking = ask(rig.port, { kind, id, acts: `*=${act}`, ...sends });
  asking.seen.catch(() => {});
  const isReading = async (): Promise<boolean> => (await rig.engine.resources()).serverConnections > 0;
  const problems: string[] = [];
  if (reached === 'nothing')
    await until(`the connection (${about})`, async () => (await rig.engine.resources()).keptBytes > 0);
  else if (reached === 'server') await until(`the request at a server (${about})`, isReading);
  else await until(`the response (${about})`, () => asking.received().length > 100);
  if (reached === 'client' && sends?.responseBytes) asking.socket.pause();
  leave[how](asking.socket);
  const mayRead = asksAll && how === 'ends its half';
  if (mayRead) {
    asking.socket.resume();
    const { status, complete, end, body } = await asking.seen;
    const size = sends?.responseBytes ?? 100;
    if (status !== 200 || !complete || end === 'reset' || body.length !== size)
      problems.push(`it got ${status}, ${body.length} of ${size} bytes, ${end}`);
  }
  problems.push(...(await rig.leftovers()));
  const requests = rig.engine.journal
    .list({ limit: 10 })
    .requests.map((each) => rig.engine.journal.detail(each.id)!);
  const outcomes = requests.flatMap((each) => each.attemptList.map(({ outcome }) => outcome));
  // Where all of it was sent, a reset may come as an end (libuv tells it so behind the last bytes), and an end is no reason to give up.
  const right =
    reached === 'nothing'
      ? ['']
      : mayRead
        ? ['responded']
        : ['client-aborted', ...(asksAll ? ['responded'] : [])];
  if (!right.includes(outcomes.join())) problems.push(`outcomes ${outcomes.join() || 'none'}`);
  const { servers, total } = rig.engine.metrics();
  if (Object.values(servers).some(({ failedAttempts }) => failedAttempts > 0))
    problems.push('it counts against a server');
  if (total.failed > 0) problems.push('it counts as failed');
  if (!kind.idempotent && steady.filter((server) => server.saw(id).length > 0).length > 1)
    problems.push('it reached two servers');
  asking.socket.destroy();
  problems.push(...(await rig.stop()));
  return problems.map((problem) => `${problem} (${about})`);
}

it.each(moments.map(({ when }) => when))(
  'a client that leaves %s harms nobody and leaves nothing',
  async (when) => {
    const chosen = cases.filter((each) => each.when === when);
    const problems: string[] = [];
    for (let at = 0; at < chosen.length; at += 16) {
      const batch = chosen.slice(at, at + 16);
      const ended = await Promise.all(batch.map((each) => run(each, cases.indexOf(each))));
      problems.push(...ended.flat());
    }
    expect(problems).toEqual([]);
  },
);

it('no buffer is left', () => {
  expect(leasedReadBuffers()).toBe(0);
});
