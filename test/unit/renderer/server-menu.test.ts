import { describe, expect, test } from 'vitest';
import { actionsFor } from '../../../renderer/src/features/servers/server-actions.ts';
import { serverMenu } from '../../../renderer/src/features/servers/server-menu.ts';
import type { ServerRecord } from '../../../renderer/src/store/config.ts';

const server: ServerRecord = {
  id: 'api/api-1',
  pool: 'api',
  name: 'api-1',
  address: '127.0.0.1:3001',
  weight: 1,
  backup: false,
  priority: 0,
  maxRequests: 0,
};

describe('the menu of a server', () => {
  const actions = actionsFor(server, undefined, undefined);
  const menu = serverMenu(actions, [{ label: 'canary', run: () => {} }], undefined);

  test('has everything that can be done to it, each once', () => {
    const ids = menu.flatMap(({ entries }) => entries.map(({ id }) => id));
    expect([...ids].sort()).toEqual([...actions.map(({ id }) => id), 'move'].sort());
  });

  test('says under which heading: only what changes the file stands below that', () => {
    const under = Object.fromEntries(menu.map(({ id, entries }) => [id, entries.map((entry) => entry.id)]));
    expect(under.file).toEqual(['move', 'remove']);
    expect(under.look).toEqual(['requests']);
    expect(under.now).toContain('end-sessions');
  });
});
