import { describe, expect, it } from 'vitest';
import {
  type ClientHolder,
  createDescriptors,
  restedMs,
  type SocketHolder,
} from '../../main/engine/descriptors.ts';

interface Holder extends ClientHolder {
  readonly closed: number[];
}

/** So many open connections, of which these have been idle for so long. */
function holder(place: SocketHolder['place'], openSockets: number, ...idleMs: number[]): Holder {
  const idle = idleMs.sort((a, b) => b - a);
  const closed: number[] = [];
  return {
    place,
    closed,
    get openSockets() {
      return openSockets - closed.length;
    },
    get restingSockets() {
      return idle.length;
    },
    longestIdleMs: () => idle[0] ?? -1,
    closeLongestIdle: () => closed.push(idle.shift()!),
  };
}

const clients = (open: number, ...idleMs: number[]) => holder({ listener: 'web' }, open, ...idleMs);
const servers = (open: number, ...idleMs: number[]) => holder({ pool: 'api' }, open, ...idleMs);
const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

/** With 100 to share: 20 are in use, 12 are kept in reserve, so 68 are left. */
function kit(clientHolders: readonly ClientHolder[], serverHolders: readonly Holder[]) {
  const told: string[] = [];
  const descriptors = createDescriptors(
    { limit: 100, inUse: 20 },
    { reached: (kind, { listener, pool }) => told.push(`${kind} ${pool ?? listener}`) },
    () => ({ clients: clientHolders, servers: serverHolders }),
    () => 0,
  );
  return { descriptors, told };
}

describe('file descriptors that are few', () => {
  it('are kept for the connection to a server that every client with a request will want', () => {
    expect(kit([clients(33)], [servers(0)]).descriptors.admit('web')).toBe(true);
    const { descriptors, told } = kit([clients(34)], [servers(0)]);
    expect(descriptors.admit('web')).toBe(false);
    expect(told).toEqual(['file-descriptors web']);
  });

  it('count once where clients have the connections they want', () => {
    expect(kit([clients(33)], [servers(33)]).descriptors.admit('web')).toBe(true);
    expect(kit([clients(20)], [servers(48)]).descriptors.admit('web')).toBe(false);
  });

  it('are counted anew before they can run out, though not for every connection while there are plenty', () => {
    let open = 0;
    let counted = 0;
    const growing: ClientHolder = {
      place: { listener: 'web' },
      get openSockets() {
        counted += 1;
        return open;
      },
      restingSockets: 0,
      longestIdleMs: () => -1,
      closeLongestIdle() {},
    };
    const { descriptors } = kit([growing], [servers(0)]);
    while (descriptors.admit('web')) open += 1;
    expect(open).toBe(34);
    expect(counted).toBeLessThan(20);
  });

  it('are not kept for clients that rest', () => {
    const resting = clients(66, ...times(66, 10));
    const { descriptors, told } = kit([resting], [servers(0)]);
    expect(descriptors.admit('web')).toBe(true);
    expect(resting.closed).toEqual([]);
    expect(told).toEqual([]);
  });

  it('are taken from connections to servers that have not been used for a second, as no client notices that', () => {
    const [web, api, other] = [
      clients(20, 90_000),
      servers(25, 1_500, 30, restedMs),
      servers(23, 1_200, 20_000),
    ];
    const { descriptors, told } = kit([web], [api, other]);
    expect(descriptors.admit('web')).toBe(true);
    expect([web.closed, api.closed, other.closed]).toEqual([[], [], [20_000]]);
    expect(told).toEqual(['descriptors-short api']);
  });

  it('are taken from a client before a connection to a server that was used within the last second', () => {
    const kitWith = (idleMs: number) => {
      const [web, api] = [clients(25, 9_000), servers(43, idleMs)];
      expect(kit([web], [api]).descriptors.admit('web')).toBe(true);
      return [web.closed, api.closed];
    };
    expect(kitWith(999)).toEqual([[9_000], []]);
    expect(kitWith(1_000)).toEqual([[], [1_000]]);
  });

  it('are taken from the client that is idle longest, at whatever listener, before a connection in use is', () => {
    const [web, admin, api] = [clients(25, 3_000, 9_000), clients(10, 5_000), servers(33, 30)];
    const { descriptors, told } = kit([web, admin], [api]);
    expect(descriptors.admit('admin')).toBe(true);
    expect([web.closed, admin.closed, api.closed]).toEqual([[9_000], [], []]);
    expect(told).toEqual(['descriptors-short web']);
  });

  it('are taken from whatever is idle before a client is sent away', () => {
    const api = servers(50, 30, 10, 20);
    expect(kit([clients(20)], [api]).descriptors.admit('web')).toBe(true);
    expect(api.closed).toEqual([30, 20, 10]);
  });

  it('are taken from clients that rest for the connection that a request wants', () => {
    const web = clients(60, ...times(50, 2_000));
    const { descriptors, told } = kit([web], [servers(8)]);
    descriptors.makeRoom();
    expect(web.closed).toHaveLength(2);
    expect(told).toEqual(['descriptors-short web', 'descriptors-short web']);
  });

  it('end some of what is idle where the system refuses one in spite of all that', () => {
    const web = clients(30, ...times(20, 2_000));
    const { descriptors, told } = kit([web], [servers(2)]);
    expect(descriptors.relieve('api')).toBe(true);
    expect(web.closed).toHaveLength(8);
    descriptors.lost('web');
    expect(web.closed).toHaveLength(16);
    expect(told.filter((each) => each.startsWith('file-descriptors'))).toEqual([
      'file-descriptors api',
      'file-descriptors web',
    ]);
    expect(kit([clients(30)], [servers(2)]).descriptors.relieve('api')).toBe(false);
  });

  it('are left over from clients that are told so: these take half of the reserve at most', () => {
    expect(kit([clients(0)], [servers(0)]).descriptors.mostRefused).toBe(6);
  });
});
