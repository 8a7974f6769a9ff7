import { spawn } from 'node:child_process';

/** Opens the address in the default browser; false where there is no display or no program for it. Never throws. */
export function openBrowser(url: string): Promise<boolean> {
  const { platform, env } = process;
  if (platform === 'darwin') return run('open', [url]);
  if (platform === 'win32') return run('rundll32', ['url.dll,FileProtocolHandler', url]);
  return env.DISPLAY || env.WAYLAND_DISPLAY ? run('xdg-open', [url]) : Promise.resolve(false);
}

function run(file: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: 'ignore', detached: true, windowsHide: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
