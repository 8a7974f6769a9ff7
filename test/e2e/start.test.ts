import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'ballast-start-'));
const running: { child: ChildProcess; ended: Promise<number | null> }[] = [];

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `npm start -- WORDS` as typed in `folder`, on a machine without a display. */
function start(words: readonly string[]) {
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), ...words], {
    cwd: root,
    env: { ...env, INIT_CWD: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  running.push({ child, ended });
  return { child, ended, output: () => output };
}

async function refuses(url: string): Promise<boolean> {
  return fetch(url).then(
    () => false,
    () => true,
  );
}

describe('npm start', () => {
  it.runIf(process.platform === 'linux')(
    'says why no window opens, serves the interface instead, and leaves nothing behind',
    async () => {
      const { child, ended, output } = start([]);
      const address = await until(
        'the interface has an address',
        () => /(http:\/\/127\.0\.0\.1:\d+)\/#token=/.exec(output())?.[1],
        60_000,
      );
      expect(output()).toMatch(/^ballast: no desktop window: there is no display .*$/m);
      expect(await (await fetch(address)).text()).toContain('<div id="root">');
      const listener = /(http:\/\/127\.0\.0\.1:\d+)\s*$/m.exec(output())?.[1] ?? '';
      const { pid } = (await (await fetch(listener, { headers: { accept: 'application/json' } })).json()) as {
        pid: number;
      };
      child.kill('SIGTERM');
      await ended;
      expect(await refuses(address)).toBe(true);
      expect(await refuses(listener)).toBe(true);
      expect(() => process.kill(pid, 0)).toThrow();
    },
  );

  it('runs the file named after --, relative to where it was typed, with the flags that follow', async () => {
    writeFileSync(
      join(folder, 'shop.yaml'),
      'listeners: [{ name: shop, bind: 127.0.0.1:0, pool: a }]\npools: [{ name: a, servers: [{ address: 127.0.0.1:9 }] }]\n',
    );
    const { output } = start(['shop.yaml', '--json', '--no-open', '--control-port', '0']);
    const ready = await until('it is ready', () => /^\{"event":"ready".*$/m.exec(output())?.[0], 60_000);
    expect(JSON.parse(ready).listeners).toMatchObject([{ name: 'shop' }]);
  });

  it('names a file that is missing, and fails', async () => {
    const { ended, output } = start(['missing.yaml']);
    expect(await ended).toBe(1);
    expect(output()).toContain(`there is no ${join(folder, 'missing.yaml')}`);
  });
});
