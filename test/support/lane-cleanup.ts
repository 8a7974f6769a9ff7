import { afterEach } from 'vitest';
import { type Lane, type LaneOptions, startLane } from './lane.ts';
import { type RawClient, type RawServer, rawClient } from './raw-sockets.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Closed after the test. */
export async function server(made: Promise<RawServer>): Promise<RawServer> {
  const raw = await made;
  cleanups.push(() => raw.close());
  return raw;
}

/** Stopped after the test. */
export async function lane(options: LaneOptions): Promise<Lane> {
  const started = await startLane(options);
  cleanups.push(() => started.stop());
  return started;
}

/** Closed after the test. */
export async function client(port: number): Promise<RawClient> {
  const raw = await rawClient(port);
  cleanups.push(() => raw.close());
  return raw;
}

export function afterThisTest(cleanup: () => Promise<unknown> | unknown): void {
  cleanups.push(cleanup);
}
