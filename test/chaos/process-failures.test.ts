import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Act } from '../support/chaos/acts.ts';
import { ask, kinds } from '../support/chaos/asking.ts';
import { fleetOf } from '../support/chaos/fleet.ts';
import { startRig } from '../support/chaos/rig.ts';
import type { ServerProcess, ServerProcessOptions } from '../support/chaos/server-process.ts';
import { runTrial, type Trial } from '../support/chaos/trial.ts';
import { until } from '../support/until.ts';

/** Processes that die or stand still, at a moment they choose themselves, so that it is the same in every run. */
const fleet = fleetOf('good');
const usual = { attempts: 3, on: [] };
const kindOf = (name: string) => kinds.find((each) => each.name === name)!;
const longMs = 20_000;
const shortMs = 500;

const fails = (act: string, ...outcomes: Act['outcomes']): Act => ({ act, effect: 'fails', outcomes });
const cut = (act: string): Act => ({ act, effect: 'cut', outcomes: ['failed-mid-response'] });
const answers = (act: string): Act => ({ act, effect: 'answers', outcomes: ['responded'], status: 200 });

/** Method and body, how many victims before the good server; none: there is no other. */
const casts: readonly (readonly [string, number, 'good' | 'alone'])[] = [
  ['GET', 1, 'good'],
  ['PUT large', 1, 'good'],
  ['POST small', 1, 'good'],
  ['POST large', 1, 'good'],
  ['GET', 2, 'good'],
  ['POST small', 1, 'alone'],
];

async function runAll(
  act: Act,
  options: Partial<Trial> & { server?: ServerProcessOptions },
): Promise<string[]> {
  const { server, ...rest } = options;
  const waiting = casts.filter(([name]) => act.for?.(kindOf(name)) ?? true);
  const problems: string[] = [];
  // Who lives on serves for all of them.
  const livesOn = server?.onAccept !== undefined && !['kill', 'stop'].includes(server.onAccept);
  const lasting = livesOn ? await Promise.all([fleet.victim(server), fleet.victim(server)]) : null;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [name, bad, others] = next;
      const used: ServerProcess[] = [];
      const cast = async (): Promise<ServerProcess[]> => {
        const victims = lasting
          ? lasting.slice(0, bad)
          : await Promise.all(Array.from({ length: bad }, () => fleet.victim(server)));
        if (!lasting) used.push(...victims);
        if (act.outcomes.includes('connect-failed') && act.act === 'none')
          await Promise.all(victims.map((each) => each.close()));
        return others === 'good' ? [...victims, ...fleet.steady] : victims;
      };
      const trial = { kind: kindOf(name), act, bad, retry: usual, responseMs: longMs, ...rest };
      problems.push(...(await runTrial({ ...trial, servers: await cast() }, cast)));
      await Promise.all(used.map((each) => each.close()));
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return problems;
}

const hasBody: Act['for'] = ({ bodyBytes }) => bodyBytes > 0;

describe('a server that is killed', () => {
  it.each([
    fails('kill@head', 'closed-before-response'),
    { ...fails('kill@half-request', 'closed-before-response'), for: hasBody },
    fails('kill@request', 'closed-before-response'),
    fails('kill@half-head', 'closed-before-response'),
    cut('kill@half-response'),
    answers('kill@response'),
  ])('$act', async (act) => {
    expect(await runAll(act, {})).toEqual([]);
  });

  it('before the request is passed by, whatever the request', async () => {
    expect(await runAll(fails('none', 'connect-failed'), {})).toEqual([]);
  });

  it('as soon as it has a connection', async () => {
    // Whether the connection is there before it is gone again is up to the system.
    const act = fails('none at all', 'closed-before-response', 'connect-failed');
    expect(await runAll(act, { server: { onAccept: 'kill' } })).toEqual([]);
  });

  it('between two requests: the second goes elsewhere, whatever it is', async () => {
    for (const name of ['GET', 'POST small']) {
      const victim = await fleet.victim();
      const rig = await startRig({ servers: [victim, ...fleet.steady] });
      const kind = kindOf(name);
      const first = ask(rig.port, { kind, id: `${victim.name}-1`, acts: '' });
      expect((await first.seen).fields.get('x-ballast-server')).toBe(victim.name);
      // The kept-alive connection to it is idle now.
      victim.signal('SIGKILL');
      await victim.gone();
      expect(
        (await first.again({ kind, id: `${victim.name}-2`, acts: '' })).fields.get('x-ballast-server'),
      ).toBe('good');
      const third = await first.again({ kind, id: `${victim.name}-3`, acts: '' });
      expect([third.status, third.fields.get('x-ballast-attempts')]).toEqual([200, '2']);
      first.socket.end();
      expect(await rig.leftovers()).toEqual([]);
      expect(await rig.stop()).toEqual([]);
    }
  });
});

describe('a server that resets, closes or ignores every connection as soon as it is there', () => {
  it.each(['rst', 'fin', 'close'] as const)('%s', async (onAccept) => {
    const act = fails('none at all', 'closed-before-response', 'connect-failed');
    expect(await runAll(act, { server: { onAccept } })).toEqual([]);
  });

  it('silent', async () => {
    const act = fails('none at all', 'timed-out');
    expect(await runAll(act, { server: { onAccept: 'silent' }, responseMs: shortMs })).toEqual([]);
  });
});

describe('a server that is stopped (SIGSTOP)', () => {
  it.each([
    fails('stop@head', 'timed-out'),
    fails('stop@request', 'timed-out'),
    fails('stop@half-head', 'timed-out'),
    cut('stop@half-response'),
  ])('$act is timed out', async (act) => {
    expect(await runAll(act, { responseMs: shortMs })).toEqual([]);
  });

  it('before the request: the system takes its connections, and it is timed out', async () => {
    const act = fails('none at all', 'timed-out');
    expect(await runAll(act, { server: { onAccept: 'stop' }, responseMs: shortMs })).toEqual([]);
  });

  it('goes on later: what it still answers reaches nobody, and it serves again', async () => {
    const victim = await fleet.victim();
    const rig = await startRig({
      servers: [victim, ...fleet.steady],
      // Once it is waited for whole; for those who answer it is long enough.
      pool: { timeouts: { response: '3s' } },
    });
    const get = (id: string, acts = '') => ({ kind: kindOf('GET'), id: `${victim.name}-${id}`, acts });
    const asking = ask(rig.port, get('1', `${victim.name}=stop@request`));
    expect((await asking.seen).body).toContain(`good ${victim.name}-1 `);
    await victim.stopped();
    victim.signal('SIGCONT');
    const served = new Set<string>();
    for (let number = 2; number < 12; number++) {
      const seen = await asking.again(get(String(number)));
      expect(seen.body).toContain(` ${victim.name}-${number} `);
      served.add(seen.fields.get('x-ballast-server')!);
    }
    expect([...served].sort()).toEqual(['good', victim.name]);
    asking.socket.end();
    expect(await rig.leftovers()).toEqual([]);
    expect(await rig.stop()).toEqual([]);
  });

  it('and whose backlog is full cannot be connected to: whatever the request, it goes elsewhere', async () => {
    const victim = await fleet.victim({ backlog: 1 });
    victim.signal('SIGSTOP');
    await victim.stopped();
    const fillers = await fillBacklog(victim);
    const act = { ...fails('none at all', 'connect-failed') };
    for (const name of ['GET', 'POST large']) {
      const trial = { kind: kindOf(name), act, bad: 1, retry: usual, responseMs: longMs, connectMs: 300 };
      expect(await runTrial({ ...trial, servers: [victim, ...fleet.steady] })).toEqual([]);
      expect(await runTrial({ ...trial, servers: [victim] })).toEqual([]);
    }
    for (const socket of fillers) socket.destroy();
    victim.signal('SIGCONT');
  });
});

/** Connects until one connection is not made any more. */
async function fillBacklog({ port }: ServerProcess): Promise<Socket[]> {
  const sockets: Socket[] = [];
  await until('the backlog to be full', async () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    sockets.push(socket);
    const from = performance.now();
    await until('a connection, or none', () => !socket.connecting || performance.now() - from > 150);
    return socket.connecting;
  });
  return sockets;
}
