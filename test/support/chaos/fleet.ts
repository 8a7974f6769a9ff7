import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts';

export interface Fleet {
  /** Those that were asked for by name, in order. */
  readonly steady: readonly ServerProcess[];
  /** One more, with a name of its own, for a single use. */
  victim(options?: ServerProcessOptions): Promise<ServerProcess>;
}

/** Scripted servers for the tests of one file; all are gone after the last. */
export function fleetOf(...names: string[]): Fleet {
  const steady: ServerProcess[] = [];
  const all: ServerProcess[] = [];
  let folder = '';
  let victims = 0;
  const start = async (name: string, options: ServerProcessOptions = {}): Promise<ServerProcess> => {
    const server = await startServerProcess(name, folder, options);
    all.push(server);
    return server;
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-chaos-'));
    steady.push(...(await Promise.all(names.map((name) => start(name)))));
  });
  afterAll(async () => {
    await Promise.all(all.map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    steady,
    victim(options) {
      victims += 1;
      return start(`v${victims}`, options);
    },
  };
}
