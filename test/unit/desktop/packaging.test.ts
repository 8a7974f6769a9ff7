import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', '..', '..');
const require = createRequire(import.meta.url);

interface PackagingConfig extends Record<string, unknown> {
  directories: { buildResources: string };
  files: string[];
  asarUnpack: string[];
  electronFuses: Record<string, boolean>;
  mac: { icon: string; target: { target: string }[] };
  win: { icon: string; target: { target: string }[] };
  linux: { icon: string; target: { target: string }[] };
}
const read = (): PackagingConfig => parse(readFileSync(join(root, 'electron-builder.yml'), 'utf8'));

const { validateConfiguration } = require('app-builder-lib/out/util/config/config') as {
  validateConfiguration(config: unknown, log: { isEnabled: boolean; add(): void }): Promise<void>;
};
const validate = (config: unknown) => validateConfiguration(config, { isEnabled: false, add() {} });

/** Size of a PNG by its header. */
function pngSize(path: string): { width: number; height: number } {
  const bytes = readFileSync(path);
  expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG');
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

describe('the packager’s configuration', () => {
  it('is what electron-builder’s own schema accepts', async () => {
    await expect(validate(read())).resolves.toBeUndefined();
  });

  it('would be refused with a key that electron-builder does not know', async () => {
    await expect(validate({ ...read(), asarUnpacked: [] })).rejects.toThrow(/asarUnpacked/);
  });

  it('makes the packages people install on each platform', () => {
    const { mac, win, linux } = read();
    const targets = [mac, win, linux].map(({ target }) => target.map((each) => each.target));
    expect(targets).toEqual([['dmg', 'zip'], ['nsis'], ['AppImage', 'deb']]);
  });

  it('names files that exist', () => {
    const { mac, win, linux, directories, asarUnpack } = read();
    const named = [mac.icon, win.icon, linux.icon, directories.buildResources];
    const sources = asarUnpack.filter((path) => path.startsWith('resources/'));
    for (const path of [...named, ...sources.map((each) => each.replace('/**', ''))])
      expect(existsSync(join(root, path)), path).toBe(true);
    const { main } = require('../../../package.json') as { main: string };
    expect(main).toBe('./out/main/index.js');
  });

  it('has icons of the size each platform asks for', () => {
    const { mac, win, linux } = read();
    for (const path of [mac.icon, win.icon])
      expect(pngSize(join(root, path))).toEqual({ width: 1024, height: 1024 });
    for (const size of [32, 64, 128, 256, 512])
      expect(pngSize(join(root, linux.icon, `${size}x${size}.png`))).toEqual({ width: size, height: size });
  });

  it('closes what an Electron binary leaves open', () => {
    expect(read().electronFuses).toMatchObject({
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
    });
  });
});
