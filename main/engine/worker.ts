import { fileURLToPath } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { portChannel } from '@shared/contract/port-channel.ts';
import { serveContract } from '@shared/contract/server.ts';
import { systemClock } from './clock.ts';
import { createEngine, type EngineOptions } from './engine.ts';
import { engineCommands } from './engine-commands.ts';
import { publishEngine } from './engine-topics.ts';
import { runLane } from './threads/lane-thread.ts';
import type { LaneStart } from './threads/messages.ts';

/**
 * The engine in its own thread, so that no busy interface delays a request. Whoever owns it speaks the contract over the
 * thread's port. What nobody catches ends the thread: the owner starts a new one with the last good configuration. The same file runs
 * further threads of the data plane, which the engine starts.
 */
if (!parentPort) throw new Error('this is a worker thread: start `ballast` instead');

if (isLane(workerData)) runLane(parentPort, workerData);
else runEngine(parentPort);

function runEngine(port: MessagePort): void {
  const log = (text: string): void => void process.stderr.write(`engine: ${text}\n`);
  // What this thread was started as; further threads are started as the same.
  const workerPath = process.argv[1] ?? fileURLToPath(import.meta.url);
  const engine = createEngine({
    clock: systemClock,
    random: Math.random,
    log,
    workerPath,
    ...givenBy(workerData),
  });
  const published = publishEngine(engine, systemClock);
  const channel = portChannel(port);
  serveContract(channel, {
    version: versionFrom(workerData),
    grant: ['read', 'operate', 'own'],
    handlers: engineCommands(engine, published.refresh),
    topics: published.topics,
    log,
  });
  channel.onClose(() => process.exit(0));
}

function isLane(data: unknown): data is LaneStart {
  return typeof data === 'object' && data !== null && 'role' in data && data.role === 'lane';
}

/** The owner gives each of its engines the same: cookies outlive an engine, and so do the names of sessions, of which events tell. */
function givenBy(data: unknown): Pick<EngineOptions, 'cookieKey' | 'sessionsGiven'> {
  if (typeof data !== 'object' || data === null) return {};
  return {
    ...('cookieKey' in data && data.cookieKey instanceof Uint8Array && { cookieKey: data.cookieKey }),
    ...('sessionsGiven' in data &&
      data.sessionsGiven instanceof SharedArrayBuffer && { sessionsGiven: data.sessionsGiven }),
  };
}

function versionFrom(data: unknown): string {
  if (typeof data !== 'object' || data === null || !('version' in data)) return '0.0.0';
  return String(data.version);
}
