import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openBrowser } from '../../../main/command-line/open-browser.ts';
import { until } from '../../support/until.ts';

const url = 'http://127.0.0.1:9900/#token=s3cret';
let folder: string;

/** What the system is asked to open a page with, replaced by something that notes what it was asked. */
function installOpener(): string {
  const noted = join(folder, 'asked');
  for (const name of ['xdg-open', 'open']) {
    writeFileSync(
      join(folder, name),
      `#!/bin/sh\necho "$@" > "${noted}.new"\nmv "${noted}.new" "${noted}"\n`,
    );
    chmodSync(join(folder, name), 0o755);
  }
  return noted;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-open-test-'));
  vi.stubEnv('BALLAST_STATE_DIR', join(folder, 'state'));
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`);
  vi.stubEnv('DISPLAY', ':0');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it.skipIf(process.platform === 'win32')(
  'shows the token to nobody else on the machine: the browser is given a private page that leads on',
  async () => {
    const noted = installOpener();
    const opened = await openBrowser(url);
    await until('it to be asked', () => existsSync(noted));
    const asked = readFileSync(noted, 'utf8').trim();
    expect(asked).toMatch(/^file:\/\/\/\S+\.html$/);
    const page = fileURLToPath(asked);
    expect(statSync(page).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
    expect(readFileSync(page, 'utf8')).toContain(`content="0; url=${url}"`);
    opened!.remove();
    expect(readdirSync(join(folder, 'state'))).toEqual([]);
  },
);

it.skipIf(process.platform === 'win32')(
  'leaves nothing behind where there is no program for it',
  async () => {
    vi.stubEnv('PATH', join(folder, 'empty'));
    expect(await openBrowser(url)).toBeUndefined();
    expect(readdirSync(join(folder, 'state'))).toEqual([]);
  },
);
