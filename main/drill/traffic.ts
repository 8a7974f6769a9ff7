import { Agent, get } from 'node:http';
import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { GeneratorStatus } from '@shared/contract/system-values.ts';
import type { Log } from '@shared/lib/log.ts';
import type { Clock } from '../engine/clock.ts';
import { createQuietWatch } from './quiet-watch.ts';
import { createVirtualClient } from './virtual-client.ts';

/** Gentle HTTP requests, so that there is something to see. */
export interface Traffic {
  set(change: { running?: boolean | undefined; ratePerSecond?: number | undefined }): GeneratorStatus;
  /** Where requests go; null for nowhere. */
  setUrl(url: string | null): void;
  /**
   * Requests the engine has finished since its start, whoever sent them; call it with every metrics sample. The generator
   * stands aside for a moment after others sent some, so that a person who counts answers counts their own.
   */
  observe(finishedRequests: number): void;
  status(): GeneratorStatus;
  onChange(listener: (status: GeneratorStatus) => void): Unsubscribe;
  /** Waits for what is under way, a second at most. */
  stop(): Promise<void>;
}

export interface TrafficOptions {
  readonly clock: Clock;
  /** 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly log: Log;
  /** The first request comes this long after there is somewhere to send it: what just started is given a moment. */
  readonly leadInMs?: number;
}

/** Requests are sent three at a time, as a page asks for its parts: with three servers taking turns, each gets one. */
const burst = 3;
const mostInFlight = 64;
const answerWithinMs = 10_000;
const tellEveryMs = 500;
const paths = [
  '/',
  '/',
  '/',
  '/items',
  '/items/7',
  '/items/42',
  '/search?q=scales',
  '/basket',
  '/slow?ms=40',
];

export function createTraffic({ clock, random, log, leadInMs = 2_000 }: TrafficOptions): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: mostInFlight, maxFreeSockets: 12 });
  const clients = Array.from({ length: 12 }, createVirtualClient);
  const quiet = createQuietWatch({ clock, quietMs: 1_500 });
  const listeners = new Set<(status: GeneratorStatus) => void>();
  let status: GeneratorStatus = { running: false, ratePerSecond: 20, url: null, sent: 0, failed: 0 };
  let inFlight = 0;
  let startAt = Number.POSITIVE_INFINITY;
  /** Requests that are due and not sent yet. */
  let due = 0;
  let lastTick = clock.now();
  let cancelTick = (): void => {};
  let cancelTell: (() => void) | undefined;
  let lastFailure = '';
  let isStopped = false;
  let onIdle = (): void => {};

  const tell = (): void => {
    cancelTell?.();
    cancelTell = undefined;
    for (const listener of [...listeners]) listener(status);
  };
  const count = (change: Partial<GeneratorStatus>): void => {
    status = { ...status, ...change };
    cancelTell ??= clock.after(tellEveryMs, tell);
  };

  const send = (url: string): void => {
    const client = clients[Math.floor(random() * clients.length)]!;
    const path = paths[Math.floor(random() * paths.length)]!;
    const cookie = client.cookies();
    let isDone = false;
    const done = (failure: string | undefined): void => {
      if (isDone) return;
      isDone = true;
      inFlight--;
      if (inFlight === 0) onIdle();
      count(failure === undefined ? {} : { failed: status.failed + 1 });
      if (failure !== undefined && failure !== lastFailure) log('info', `demo traffic: ${failure}`);
      lastFailure = failure ?? '';
    };
    inFlight++;
    quiet.sent();
    count({ sent: status.sent + 1 });
    const request = get(new URL(path, url), {
      agent,
      headers: {
        accept: 'application/json',
        'user-agent': 'ballast-traffic',
        ...(cookie !== undefined && { cookie }),
      },
    });
    request.setTimeout(answerWithinMs, () =>
      request.destroy(new Error(`no answer within ${answerWithinMs / 1_000}s`)),
    );
    request.on('response', (response) => {
      client.remember(response.headers['set-cookie']);
      response.resume();
      response.on('error', (error) => done(error.message));
      response.on('end', () => {
        const code = response.statusCode ?? 0;
        done(code >= 500 ? `answered with ${code}` : undefined);
      });
      response.on('close', () => done('the answer broke off'));
    });
    request.on('error', (error) => {
      quiet.neverArrived();
      done(error.message);
    });
  };

  const tick = (): void => {
    const now = clock.now();
    const elapsedMs = Math.min(now - lastTick, 250);
    lastTick = now;
    const { running, url, ratePerSecond } = status;
    if (running && url !== null && now >= startAt && quiet.isQuiet()) {
      // What could not be sent is not made up for: this is gentle traffic, not a load test.
      due = Math.min(due + (ratePerSecond * elapsedMs) / 1_000, Math.max(burst, ratePerSecond / 4));
      while (due >= burst && inFlight + burst <= mostInFlight) {
        due -= burst;
        for (let i = 0; i < burst; i++) send(url);
      }
    }
    schedule();
  };
  const schedule = (): void => {
    cancelTick();
    if (isStopped || !status.running || status.url === null) return;
    cancelTick = clock.after(Math.min(Math.max((burst * 1_000) / status.ratePerSecond, 10), 100), tick);
  };

  return {
    set({ running = status.running, ratePerSecond = status.ratePerSecond }) {
      const isNew = running && !status.running;
      status = { ...status, running, ratePerSecond };
      if (isNew) lastTick = clock.now();
      if (!running) due = 0;
      schedule();
      tell();
      return status;
    },
    setUrl(url) {
      if (url === status.url) return;
      if (startAt === Number.POSITIVE_INFINITY && url !== null) startAt = clock.now() + leadInMs;
      status = { ...status, url };
      schedule();
      tell();
    },
    observe: quiet.observe,
    status: () => status,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      isStopped = true;
      cancelTick();
      cancelTell?.();
      await new Promise<void>((resolve) => {
        const tooLate = clock.after(1_000, resolve);
        onIdle = () => {
          tooLate();
          resolve();
        };
        if (inFlight === 0) onIdle();
      });
      agent.destroy();
    },
  };
}
