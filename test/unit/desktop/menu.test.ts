import type { MenuItemConstructorOptions } from 'electron';
import { describe, expect, it } from 'vitest';
import { menuTemplate } from '../../../main/desktop/menu.ts';

const nothing = { openWorkspace() {}, openDemo() {}, showWorkspaceFile() {} };

function flat(items: readonly MenuItemConstructorOptions[]): MenuItemConstructorOptions[] {
  return items.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? flat(item.submenu) : [])]);
}

describe.each(['darwin', 'linux', 'win32'] as const)('the menu on %s', (platform) => {
  const items = flat(menuTemplate(platform, nothing));

  it('has a way to open a workspace, to quit and to edit text', () => {
    expect(items.find(({ id }) => id === 'open-workspace')?.accelerator).toBe('CmdOrCtrl+O');
    const roles = items.map(({ role }) => role);
    expect(roles).toContain(platform === 'darwin' ? 'appMenu' : 'quit');
    expect(roles).toContain('editMenu');
  });

  it('gives no two items the same keys or id', () => {
    for (const key of ['accelerator', 'id'] as const) {
      const given = items.map((item) => item[key]).filter((each) => each !== undefined);
      expect(new Set(given).size).toBe(given.length);
    }
  });

  it('has a label or a role for every item', () => {
    for (const item of items) expect(item.label ?? item.role ?? item.type).toBeDefined();
  });
});

it('acts when an item is chosen', () => {
  const done: string[] = [];
  const items = flat(
    menuTemplate('linux', {
      openWorkspace: () => done.push('open'),
      openDemo: () => done.push('demo'),
      showWorkspaceFile: () => done.push('show'),
    }),
  );
  for (const id of ['open-workspace', 'open-demo', 'show-workspace-file'])
    items.find((item) => item.id === id)?.click?.({} as never, undefined, {} as never);
  expect(done).toEqual(['open', 'demo', 'show']);
});
