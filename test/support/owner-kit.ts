import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ContractClient, connect } from '@shared/contract/client.ts';
import type { BallastEvent } from '@shared/contract/event-values.ts';
import { memoryChannel } from '@shared/contract/memory-channel.ts';
import type { ListenerStatus } from '@shared/contract/system-values.ts';
import type { StateValues, TopicOfKind } from '@shared/contract/topics.ts';
import { createOwner, fullGrant, type Owner, type OwnerOptions } from '../../main/control/owner.ts';

export const builtWorker = fileURLToPath(new URL('../../out/main/engine-worker.js', import.meta.url));
export const crashingWorker = fileURLToPath(new URL('./crashing-worker.mjs', import.meta.url));

/** An owner that runs on a file of its own, and a caller that holds everything a person may. */
export interface OwnerKit {
  readonly owner: Owner;
  readonly client: ContractClient;
  readonly path: string;
  readonly folder: string;
  readonly listeners: readonly ListenerStatus[];
  readonly events: BallastEvent[];
  readonly logged: string[];
  /** What a state topic says now. */
  state<N extends TopicOfKind<'state'>>(topic: N): Partial<StateValues[N]>;
  stop(): Promise<void>;
}

export async function startOwner(text: string, options: Partial<OwnerOptions> = {}): Promise<OwnerKit> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-owner-test-'));
  const path = join(folder, 'ballast.yaml');
  writeFileSync(path, text);
  const logged: string[] = [];
  const owner = createOwner({
    path,
    demo: false,
    generate: false,
    workerPath: builtWorker,
    version: '0.0.1',
    log: (line) => logged.push(line),
    ...options,
  });
  const stop = async (): Promise<void> => {
    await owner.stop(5_000);
    rmSync(folder, { recursive: true, force: true });
  };
  let listeners: readonly ListenerStatus[];
  try {
    listeners = await owner.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const [mine, theirs] = memoryChannel();
  owner.serve(theirs, fullGrant);
  const client = await connect(mine);
  const states = new Map<string, Map<string, unknown>>();
  for (const topic of ['config', 'system', 'replicas', 'servers', 'listeners'] as const) {
    const known = new Map<string, unknown>();
    states.set(topic, known);
    client.state(topic, {
      onSnapshot(entries) {
        known.clear();
        for (const [key, value] of entries) known.set(key, value);
      },
      onChange(set, removed) {
        for (const [key, value] of set) known.set(key, value);
        for (const key of removed) known.delete(key);
      },
    });
  }
  const events: BallastEvent[] = [];
  client.log('events', (batch) => events.push(...batch.entries), 0);
  return {
    owner,
    client,
    path,
    folder,
    listeners,
    events,
    logged,
    state: (topic) => Object.fromEntries(states.get(topic) ?? []) as never,
    stop,
  };
}

/** One GET on a connection of its own. */
export function get(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    sent.on('error', reject).end();
  });
}

/** How many of that many requests, one after the other, each server answered. */
export async function countAnswers(url: string, requests: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let sent = 0; sent < requests; sent++) {
    const { body } = await get(url);
    counts[body] = (counts[body] ?? 0) + 1;
  }
  return counts;
}
