import { afterThisTest } from './after-this-test.ts';
import { type Lane, type LaneOptions, startLane } from './lane.ts';
import { type RawClient, type RawServer, rawClient } from './raw-sockets.ts';

/** Closed after the test. */
export async function server(made: Promise<RawServer>): Promise<RawServer> {
  const raw = await made;
  afterThisTest(() => raw.close());
  return raw;
}

/** Stopped after the test. */
export async function lane(options: LaneOptions): Promise<Lane> {
  const started = await startLane(options);
  afterThisTest(() => started.stop());
  return started;
}

/** Closed after the test. */
export async function client(port: number): Promise<RawClient> {
  const raw = await rawClient(port);
  afterThisTest(() => raw.close());
  return raw;
}
