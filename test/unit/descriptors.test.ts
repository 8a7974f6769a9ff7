import { describe, expect, it } from 'vitest';
import { createDescriptors, type SocketHolder } from '../../main/engine/descriptors.ts';

function holder(openSockets: number, idle = 0): SocketHolder & { openSockets: number } {
  return {
    openSockets,
    closeIdle(most) {
      const closed = Math.min(most, idle);
      idle -= closed;
      this.openSockets -= closed;
      return closed;
    },
  };
}

/** With 100 to share: 20 are in use, 12 are kept in reserve, so 68 are left. */
function kit(clients: SocketHolder, servers: SocketHolder) {
  const told: string[] = [];
  const descriptors = createDescriptors(
    { limit: 100, inUse: 20 },
    { reached: (kind) => told.push(kind) },
    () => ({ clients, servers: [servers] }),
  );
  return { descriptors, told };
}

describe('file descriptors that are few', () => {
  it('are kept for the connection to a server that every client will want', () => {
    expect(kit(holder(33), holder(0)).descriptors.admit('web')).toBe(true);
    const { descriptors, told } = kit(holder(34), holder(0));
    expect(descriptors.admit('web')).toBe(false);
    expect(told).toEqual(['file-descriptors']);
  });

  it('count once where clients have the connections they want', () => {
    expect(kit(holder(33), holder(33)).descriptors.admit('web')).toBe(true);
    expect(kit(holder(20), holder(47)).descriptors.admit('web')).toBe(false);
  });

  it('are taken from connections that are idle before a client is sent away', () => {
    const { descriptors, told } = kit(holder(20), holder(47, 10));
    expect(descriptors.admit('web')).toBe(true);
    expect(told).toEqual([]);
  });

  it('are left over from clients that are told so: these take half of the reserve at most', () => {
    expect(kit(holder(0), holder(0)).descriptors.mostRefused).toBe(6);
  });
});
