import { runInThisContext } from 'node:vm';
import * as electron from './electron.ts';

// Electron's order: first the entry module, to its end, and only then is the app ready.
const entry = process.env.BALLAST_HOST_ENTRY;
if (!entry) throw new Error('BALLAST_HOST_ENTRY names the built main module');
await import(entry);
electron.becomeReady();

/** Runs a test's function in this process with the electron module, as Playwright's `electronApp.evaluate` does. */
process.on('message', async ({ id, source, arg }: { id: number; source: string; arg: unknown }) => {
  try {
    const run = runInThisContext(`(${source})`) as (module: unknown, arg: unknown) => unknown;
    process.send?.({ id, value: await run(electron, arg) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
