import { beforeEach, describe, expect, it } from 'vitest';
import { unavailability } from '../../../main/engine/pool/availability.ts';
import { Server } from '../../../main/engine/pool/server.ts';
import { poolConfig } from '../../support/engine-kit.ts';

const now = 5_000;
let server: Server;

beforeEach(() => {
  server = new Server('api', poolConfig({ servers: [{ name: 'a', address: '127.0.0.1:3001' }] }).servers[0]!);
});

const asked = (bound: boolean) => unavailability(server, now, bound) ?? 'available';

describe('availability', () => {
  it.each<[string, (server: Server) => void, string, string]>([
    ['a fresh server of which nothing is known', () => {}, 'available', 'available'],
    ['a healthy one', (s) => (s.verdict = 'healthy'), 'available', 'available'],
    ['an unhealthy one', (s) => (s.verdict = 'unhealthy'), 'unhealthy', 'unhealthy'],
    ['one in maintenance', (s) => (s.adminState = 'maintenance'), 'maintenance', 'maintenance'],
    ['a draining one', (s) => (s.adminState = 'drain'), 'drain', 'available'],
    ['an ejected one', (s) => (s.ejectedUntil = now + 1), 'ejected', 'ejected'],
    ['one whose ejection is over', (s) => (s.ejectedUntil = now), 'available', 'available'],
    [
      'one at its limit',
      (s) => {
        s.maxRequests = 1;
        s.requestBegan();
      },
      'full',
      'full',
    ],
    [
      'one below its limit',
      (s) => {
        s.maxRequests = 2;
        s.requestBegan();
      },
      'available',
      'available',
    ],
    ['one of weight 0', (s) => (s.configuredWeight = 0), 'weight-zero', 'available'],
  ])('%s', (_, change, newClient, boundClient) => {
    change(server);
    expect(asked(false)).toBe(newClient);
    expect(asked(true)).toBe(boundClient);
  });

  it('names what a person decided before what was measured', () => {
    server.verdict = 'unhealthy';
    server.configuredWeight = 0;
    server.adminState = 'drain';
    expect(asked(false)).toBe('drain');
    expect(asked(true)).toBe('unhealthy');
    server.adminState = 'maintenance';
    expect(asked(true)).toBe('maintenance');
  });
});
