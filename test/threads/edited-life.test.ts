import type { ContractError } from '@shared/contract/errors.ts';
import { describe, expect, it } from 'vitest';
import { afterThisTest } from '../support/after-this-test.ts';
import { type MoodyServer, moodyServer } from '../support/moody-server.ts';
import { type OwnerKit, startOwner } from '../support/owner-kit.ts';
import { seededRandom } from '../support/random.ts';
import { clientOfEach } from '../support/threads-cleanup.ts';
import { type PinnedClient, pinnedClient, suffix, threadOf, whyNot } from '../support/threads-kit.ts';
import { until } from '../support/until.ts';

/** BALLAST_LIFE_SEEDS=100 looks further. */
const seeds = Array.from({ length: Number(process.env.BALLAST_LIFE_SEEDS ?? 3) }, (_, index) => index + 1);
const acts = 40;
/** Requests that are answered between one act and the next. */
const pace = 20;

const strategies = [
  ...['round-robin', 'weighted-round-robin', 'least-connections', 'power-of-two', 'least-time'],
  ...['random', 'ip-hash', 'first'],
];

const kinds = [
  'weight',
  'strategy',
  'affinity',
  'membership',
  'kill',
  'mood',
  'mood',
  'admin',
  'session',
] as const;

const textOf = (servers: readonly MoodyServer[]): string => `version: 1
listeners: [{ name: web, bind: 127.0.0.1:0, pool: api }]
dataPlane: { threads: 2 }
pools:
  - name: api
    affinity: { type: cookie }
    healthCheck: { type: tcp, interval: 500ms, fastInterval: 100ms, downInterval: 200ms, rise: 1, fall: 1 }
    outlierDetection: { consecutiveFailures: 2, baseEjection: 300ms, maxEjection: 300ms }
    retry: { attempts: 6, on: [500, connect-failed, closed-before-response], budgetMinPerSecond: 1000 }
    servers:
${servers.map(({ name, address }) => `      - { name: ${name}, address: "${address}" }\n`).join('')}`;

/** Servers of which one is always well and in; what happens to the others is drawn. */
class EditedLife {
  readonly problems: string[] = [];
  answered = 0;
  readonly answeredBy = new Set<number>();
  readonly #kit: OwnerKit;
  readonly #others: readonly MoodyServer[];
  readonly #below: (limit: number) => number;
  /** Names of servers that take nothing, since when: no request that began later may be answered by them. */
  readonly #outSince = new Map<string, number>();
  readonly #isIn: Set<string>;
  #revision = 1;
  #isOver = false;

  constructor(kit: OwnerKit, servers: readonly MoodyServer[], seed: number) {
    this.#kit = kit;
    this.#others = servers.slice(1);
    this.#isIn = new Set(servers.map(({ name }) => name));
    const random = seededRandom(seed);
    this.#below = (limit) => Math.floor(random() * limit);
  }

  /** Asks on that connection, one request after the other, until the life is over. @param keeps its cookie for so many requests */
  async ask(client: PinnedClient, keeps: number): Promise<void> {
    let cookie: Record<string, string> = {};
    for (let sent = 0; !this.#isOver; sent++) {
      if (sent % keeps === 0) cookie = {};
      const beganAt = performance.now();
      const { status, body, id, headers } = await client.get('/', cookie);
      this.answered += 1;
      this.answeredBy.add(threadOf(id));
      const [set] = headers['set-cookie'] ?? [];
      if (set) cookie = { cookie: set.split(';')[0]! };
      if (status !== 200) this.problems.push(`request ${id} got ${status}: ${body}`);
      const outSince = this.#outSince.get(body) ?? Number.POSITIVE_INFINITY;
      if (beganAt > outSince) this.problems.push(`request ${id} went to ${body}, which was taken out before`);
    }
  }

  async live(): Promise<void> {
    for (let act = 0; act < acts; act++) {
      const kind = this.#some(kinds);
      const { answered } = this;
      await this.#act(kind);
      await until('more answers', () => this.answered >= answered + pace);
      await this.#check(`after act ${act} (${kind})`);
    }
    this.#isOver = true;
  }

  /** Whatever was under way is over: nothing is left of it, and every request was counted once. */
  async left(): Promise<object> {
    const look = async () => {
      const { metrics, resources } = await this.#kit.client.call('status.get', {});
      const { total, servers, pools } = metrics;
      const { serverConnections, idleServerConnections, clientConnections, keptBytes } = resources;
      return {
        active: [total, ...Object.values(pools), ...Object.values(servers)].filter(
          (each) => each.activeRequests !== 0,
        ).length,
        busyConnections: serverConnections - idleServerConnections,
        clientConnections,
        keptBytes,
        waiting: pools.api!.queue.length,
        requests: total.requests,
        failed: total.failed,
      };
    };
    const isEmpty = ({ active, busyConnections, clientConnections }: Awaited<ReturnType<typeof look>>) =>
      active + busyConnections + clientConnections === 0;
    await until('nothing to be left', async () => isEmpty(await look())).catch(() => {});
    return look();
  }

  async #act(kind: (typeof kinds)[number]): Promise<void> {
    const { client } = this.#kit;
    const pool = 'api';
    const other = this.#some(this.#others);
    const server = other.name;
    const isIn = this.#isIn.has(server);
    switch (kind) {
      case 'weight':
        if (isIn)
          await this.#edit(client.call('server.set-weight', { pool, server, weight: this.#below(4) }));
        return;
      case 'strategy':
        return this.#edit(client.call('pool.set-strategy', { pool, strategy: this.#some(strategies) }));
      case 'affinity': {
        const affinity = this.#some(['none', 'cookie', 'cookie', 'cookie', 'client-ip'] as const);
        return this.#edit(client.call('pool.set-affinity', { pool, affinity }));
      }
      case 'membership':
        if (isIn) {
          await this.#edit(client.call('server.remove', { pool, server }));
          this.#isIn.delete(server);
          this.#outSince.set(server, performance.now());
        } else {
          this.#outSince.delete(server);
          await this.#edit(client.call('server.add', { pool, name: server, address: other.address }));
          this.#isIn.add(server);
        }
        return;
      case 'kill':
        return other.isDead ? other.revive() : other.die();
      case 'mood':
        other.mood = this.#some(['breaks', { status: 500 }, { afterMs: 15 }, 'well', 'well'] as const);
        return;
      case 'admin': {
        const adminState = this.#some(['drain', 'maintenance', 'ready', 'ready'] as const);
        if (!isIn) return;
        if (adminState !== 'maintenance') this.#outSince.delete(server);
        await client.call('server.set-admin-state', { pool, server, adminState });
        if (adminState === 'maintenance') this.#outSince.set(server, performance.now());
        return;
      }
      case 'session':
        return this.#actOnSession(server);
    }
  }

  /** Whatever it was, the file is one revision further. */
  async #edit(made: Promise<{ readonly revision: number }>): Promise<void> {
    const { revision } = await made;
    this.#revision += 1;
    if (revision !== this.#revision) this.problems.push(`revision ${revision} follows ${this.#revision - 1}`);
  }

  async #actOnSession(server: string): Promise<void> {
    const { client } = this.#kit;
    const pool = 'api';
    const { sessions } = await client.call('session.list', { pool });
    if (sessions.length === 0) return;
    const { id, pinned } = this.#some(sessions);
    const done = this.#some([
      () => client.call('session.end', { pool, id }),
      () => client.call('session.move', { pool, id, server }),
      () => client.call('session.pin', { pool, id, pinned: !pinned }),
      () => client.call('session.end-all', { pool }),
    ])();
    await done.catch(({ code, message }: ContractError) => {
      // It may have ended meanwhile; and nobody is bound to a server that takes nothing, or is not there.
      if (code !== 'not-found' && code !== 'conflict') this.problems.push(`${code}: ${message}`);
    });
  }

  async #check(when: string): Promise<void> {
    const { client } = this.#kit;
    const astray = async (): Promise<string[]> => {
      const { sessions, total } = await client.call('session.list', { limit: 1_000 });
      if (total !== sessions.length) return [`${total} sessions, ${sessions.length} are listed`];
      const lost = sessions.filter(({ server }) => !this.#isIn.has(server.replace('api/', '')));
      return lost.map(({ id, server }) => `session ${id} points at ${server}, which is not in the pool`);
    };
    // A thread that has not heard of a removal yet may bind a client there: such a session ends soon after.
    await until('no session to be astray', async () => (await astray()).length === 0).catch(async () => {
      for (const each of await astray()) this.problems.push(`${when}: ${each}`);
    });
    const { metrics, servers } = await client.call('status.get', {});
    for (const path of negatives({ metrics, servers })) this.problems.push(`${when}: ${path}`);
    const listed = servers.map(({ name }) => name).sort();
    if (listed.join() !== [...this.#isIn].sort().join())
      this.problems.push(`${when}: ${listed} are in the pool, not ${[...this.#isIn]}`);
  }

  #some<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }
}

/** Every number below zero, with the way to it. */
function negatives(value: unknown, path = ''): string[] {
  if (typeof value === 'number') return value < 0 ? [`${path} is ${value}`] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => negatives(each, `${path}.${key}`));
}

describe.skipIf(whyNot !== null)(
  `a pool on two threads that is edited while its servers come and go${suffix}`,
  () => {
    it.each(seeds)(
      'loses no request, keeps its sessions where servers are, and counts right (seed %i)',
      async (seed) => {
        const servers = await Promise.all(['steady', 'a', 'b', 'c'].map((name) => moodyServer(name)));
        const kit = await startOwner(textOf(servers));
        afterThisTest(() => kit.stop());
        const at = { url: kit.listeners[0]!.url };
        const life = new EditedLife(kit, servers, seed);
        const first = await clientOfEach(at, 2);
        const more = Array.from({ length: 4 }, () => pinnedClient(at));
        const clients = [...first, ...more];
        // All were well so far: each server saw what it answered.
        const requests = servers.reduce((sum, { seen }) => sum + seen, 0);
        const asking = Promise.all(
          clients.map((client, index) => life.ask(client, index === 0 ? 10 : Number.POSITIVE_INFINITY)),
        );
        await Promise.race([life.live(), asking]);
        await asking;
        for (const client of clients) client.close();
        expect(life.problems).toEqual([]);
        expect([...life.answeredBy].sort()).toEqual([0, 1]);
        expect(await life.left()).toEqual({
          active: 0,
          busyConnections: 0,
          clientConnections: 0,
          keptBytes: 0,
          waiting: 0,
          requests: requests + life.answered,
          failed: 0,
        });
      },
    );
  },
);
