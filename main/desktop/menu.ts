import type { MenuItemConstructorOptions } from 'electron';

export interface MenuActions {
  openWorkspace(): void;
  openDemo(): void;
  showWorkspaceFile(): void;
}

/** The application menu as data: macOS keeps the app's own items apart, the others have them under File and Help. */
export function menuTemplate(platform: NodeJS.Platform, actions: MenuActions): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  const gap: MenuItemConstructorOptions = { type: 'separator' };
  const file: MenuItemConstructorOptions = {
    id: 'file',
    label: '&File',
    submenu: [
      {
        id: 'open-workspace',
        label: 'Open Workspace…',
        accelerator: 'CmdOrCtrl+O',
        click: () => actions.openWorkspace(),
      },
      ...(mac
        ? [
            {
              role: 'recentDocuments',
              label: 'Open Recent',
              submenu: [{ role: 'clearRecentDocuments' }],
            } satisfies MenuItemConstructorOptions,
          ]
        : []),
      { id: 'open-demo', label: 'Open the Demo', click: () => actions.openDemo() },
      gap,
      {
        id: 'show-workspace-file',
        label: mac ? 'Reveal Workspace File in Finder' : 'Show Workspace File in Its Folder',
        accelerator: 'CmdOrCtrl+Shift+O',
        click: () => actions.showWorkspaceFile(),
      },
      gap,
      mac ? { role: 'close' } : { role: 'quit' },
    ],
  };
  const view: MenuItemConstructorOptions = {
    id: 'view',
    label: '&View',
    submenu: [
      { role: 'reload' },
      { role: 'toggleDevTools' },
      gap,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      gap,
      { role: 'togglefullscreen' },
    ],
  };
  const edit: MenuItemConstructorOptions = { id: 'edit', role: 'editMenu' };
  const window: MenuItemConstructorOptions = { id: 'window', role: 'windowMenu' };
  if (mac) return [{ id: 'app', role: 'appMenu' }, file, edit, view, window];
  return [
    file,
    edit,
    view,
    window,
    { id: 'help', role: 'help', label: '&Help', submenu: [{ role: 'about' }] },
  ];
}
