import { Worker } from 'node:worker_threads';
import type { Config } from '@shared/config/schema.ts';
import type { Unsubscribe } from '@shared/contract/channel.ts';
import { type ContractClient, connect } from '@shared/contract/client.ts';
import type { CommandParams, CommandResult, EngineCommandName } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { EngineStatus } from '@shared/contract/system-values.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Log } from '@shared/lib/log.ts';
import type { Clock } from '../engine/clock.ts';
import { threadHeap } from '../engine/threads/thread-heap.ts';
import { workerChannel } from './channels/worker-channel.ts';

/** Wait before the first restart; each further one within the window waits twice as long, up to the longest. */
const firstBackoffMs = 100;
const longestBackoffMs = 5_000;
/** This many crashes within the window and the engine stays away until a configuration is applied by hand. */
const crashLimit = 5;
const crashWindowMs = 60_000;
/** An engine that does not say hello by then is taken for crashed. */
const helloTimeoutMs = 10_000;
/**
 * A running engine is asked this often whether it still answers. Rounds are counted and not milliseconds: while this process
 * is itself held up (a debugger, a machine that sleeps) the rounds stand still too, and the engine is not blamed for it.
 */
const watchEveryMs = 1_000;
/** An engine that let this many rounds pass without an answer hangs: it is ended and started anew. */
const watchRounds = 10;
/** Beyond the grace, for the engine's own work of stopping. */
const stopMarginMs = 2_000;

/** What the host tells of its engine's life, in the order in which it happens. */
export interface EngineHostListener {
  onStatus(status: EngineStatus): void;
  /** A new engine answers, not configured yet: subscribe to its topics here. */
  onConnected(client: ContractClient): void;
  /** After a crash: a new engine is about to get the last good configuration. */
  onRestarting?(client: ContractClient): Promise<void>;
  /** The engine takes no more requests and is about to end. */
  onStopped?(client: ContractClient): Promise<void>;
  onCrashed(reason: string): void;
  /** The last good configuration runs again, or a changed one in a new engine after the last was given up. */
  onRestarted(
    listeners: CommandResult<'engine.apply'>['listeners'],
    configuration: 'last-good' | 'changed',
  ): void;
}

/** Keeps one engine running in a worker thread and restarts it when it crashes. */
export interface EngineHost {
  readonly status: EngineStatus;
  /** Starts the worker and resolves once it answers; rejects when it does not. */
  start(): Promise<void>;
  /**
   * Waits for an engine that restarts, and revives one that was given up. Refused with the engine's own refusal, or `unavailable` where there
   * is no engine. One that crashes meanwhile is given the configuration once more.
   */
  apply(config: Config): Promise<CommandResult<'engine.apply'>>;
  /** Refused with `unavailable` while the engine is away. */
  call<N extends EngineCommandName>(name: N, params: CommandParams<N>): Promise<CommandResult<N>>;
  /** Running requests finish within the grace. Returns how many did not. */
  stop(graceMs: number): Promise<number>;
}

interface Running {
  readonly worker: Worker;
  readonly client: ContractClient;
  /** Ends the thread at once; the reason is told as that of a crash. */
  end(reason: string): void;
}

export function createEngineHost(options: {
  /** Path of the built worker. */
  readonly workerPath: string;
  /** Of Ballast. */
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly listener: EngineHostListener;
  /** Signs session cookies, for every engine that is started. */
  readonly cookieKey?: () => Uint8Array;
  /** How often a running engine is asked for a sign of life, and how many rounds it may owe one. */
  readonly watch?: { readonly everyMs: number; readonly rounds: number };
}): EngineHost {
  const { workerPath, version, clock, log, listener } = options;
  const { everyMs, rounds } = options.watch ?? { everyMs: watchEveryMs, rounds: watchRounds };
  let status: EngineStatus = { state: 'stopped', restarts: 0, lastError: null };
  let running: Running | undefined;
  /** The configuration to go back to after a crash. */
  let lastGood: Config | undefined;
  let crashes: number[] = [];
  /** Every engine goes on with the number of the last session of the one before: see `EngineOptions`. */
  const sessionsGiven = new SharedArrayBuffer(4);
  let cancelRestart: Unsubscribe | undefined;
  let stopping = false;
  /** Called once the engine is no longer restarting. */
  const settling: (() => void)[] = [];

  const setStatus = (change: Partial<EngineStatus>): void => {
    status = { ...status, ...change };
    listener.onStatus(status);
    if (status.state !== 'restarting') for (const settle of settling.splice(0)) settle();
  };

  async function launch(): Promise<Running> {
    // Flags of our own process (a debugger's, a test runner's) are not meant for the engine.
    const worker = new Worker(workerPath, {
      execArgv: [],
      workerData: { version, sessionsGiven, ...(options.cookieKey && { cookieKey: options.cookieKey() }) },
      name: 'ballast engine',
      resourceLimits: threadHeap,
    });
    let died = 'it ended by itself';
    worker.on('error', (error) => {
      died = error instanceof Error ? error.message : String(error);
      log('error', `engine: ${error instanceof Error ? error.stack : died}`);
    });
    const channel = workerChannel(worker);
    const tooLate = clock.after(helloTimeoutMs, () => channel.close('it did not answer'));
    try {
      const client = await connect(channel).catch((error) => {
        throw new ContractError('unavailable', `the engine did not start: ${died} (${reasonOf(error)})`);
      });
      const end = (reason: string): void => {
        died = reason;
        void worker.terminate();
      };
      const started: Running = { worker, client, end };
      client.onClose(() => {
        if (running === started) crashed(died);
      });
      return started;
    } catch (error) {
      await worker.terminate();
      throw error;
    } finally {
      tooLate();
    }
  }

  /** Launches, takes the engine into service and tells the listener. */
  async function connectNew(): Promise<Running> {
    const started = await launch();
    if (stopping) {
      await started.worker.terminate();
      throw new ContractError('unavailable', 'Ballast is stopping');
    }
    running = started;
    watch(started);
    listener.onConnected(started.client);
    return started;
  }

  /** A thread whose event loop is blocked neither crashes nor serves. */
  function watch(engine: Running): void {
    let owed = 0;
    const look = (): void => {
      if (running !== engine) return;
      if (owed >= rounds) {
        engine.end(`it hung: no sign of life for ${formatDuration(everyMs * rounds)}`);
        return;
      }
      if (owed === 0) {
        const answered = (): void => {
          owed = 0;
        };
        engine.client.call('status.get', {}).then(answered, answered);
      }
      owed += 1;
      clock.after(everyMs, look);
    };
    clock.after(everyMs, look);
  }

  function crashed(reason: string): void {
    running = undefined;
    if (stopping) return;
    listener.onCrashed(reason);
    scheduleRestart(reason);
  }

  function scheduleRestart(reason: string) {
    const now = clock.now();
    crashes = [...crashes.filter((at) => now - at < crashWindowMs), now];
    if (crashes.length >= crashLimit) {
      const lastError = `${reason}; given up after ${crashes.length} crashes within a minute: change the configuration, or stop and start Ballast`;
      log('error', `engine: ${lastError}`);
      return setStatus({ state: 'stopped', lastError });
    }
    setStatus({ state: 'restarting', restarts: status.restarts + 1, lastError: reason });
    const waitMs = Math.min(firstBackoffMs * 2 ** (crashes.length - 1), longestBackoffMs);
    cancelRestart = clock.after(waitMs, () => void restart());
  }

  /** The one way in which an engine comes back: with its sessions, told of, and what the operator wanted of servers. */
  async function bringBack(config: Config | undefined, configuration: 'last-good' | 'changed') {
    const { client } = await connectNew();
    await listener.onRestarting?.(client);
    const applied = config ? await client.call('engine.apply', { config }) : { listeners: [] };
    lastGood = config;
    setStatus({ state: 'running' });
    listener.onRestarted(applied.listeners, configuration);
    return applied;
  }

  /** After it was given up. What the new engine refuses leaves none behind, so that the next configuration comes the same way. */
  async function revive(config: Config): Promise<CommandResult<'engine.apply'>> {
    const { lastError } = status;
    crashes = [];
    setStatus({ state: 'restarting', restarts: status.restarts + 1 });
    try {
      return await bringBack(config, 'changed');
    } catch (error) {
      // A crash has scheduled the next restart already.
      if (stopping || cancelRestart) throw error;
      const refusing = running;
      running = undefined;
      if (refusing) await refusing.worker.terminate();
      setStatus({ state: 'stopped', lastError });
      throw error;
    }
  }

  const restarted = (): Promise<void> =>
    status.state === 'restarting' ? new Promise((resolve) => settling.push(resolve)) : Promise.resolve();

  async function applyNow(config: Config): Promise<CommandResult<'engine.apply'>> {
    await restarted();
    if (!running && status.state === 'stopped' && lastGood && !stopping) return revive(config);
    const applied = await client().call('engine.apply', { config });
    lastGood = config;
    return applied;
  }

  async function restart(): Promise<void> {
    cancelRestart = undefined;
    try {
      await bringBack(lastGood, 'last-good');
    } catch (error) {
      if (stopping) return;
      const again = running;
      // A crash while the configuration was applied has scheduled the next restart already.
      if (status.state !== 'restarting' || cancelRestart) return;
      running = undefined;
      if (again) await again.worker.terminate();
      scheduleRestart(reasonOf(error));
    }
  }

  function client(): ContractClient {
    if (running && status.state !== 'restarting') return running.client;
    throw new ContractError(
      'unavailable',
      status.state === 'restarting'
        ? 'the engine crashed and is starting again; try again in a moment'
        : `the engine is not running${status.lastError ? `: ${status.lastError}` : ''}`,
    );
  }

  return {
    get status() {
      return status;
    },
    async start() {
      setStatus({ state: 'starting' });
      try {
        await connectNew();
        setStatus({ state: 'running' });
      } catch (error) {
        setStatus({ state: 'stopped', lastError: reasonOf(error) });
        throw error;
      }
    },
    async apply(config) {
      const engine = running;
      try {
        return await applyNow(config);
      } catch (error) {
        // It crashed under way, by chance or because of this very configuration: that shows the second time.
        const isLost = error instanceof ContractError && error.code === 'unavailable' && running !== engine;
        if (!isLost || status.state !== 'restarting' || stopping) throw error;
        return applyNow(config);
      }
    },
    call: async (name, params) => client().call(name, params),
    async stop(graceMs) {
      stopping = true;
      cancelRestart?.();
      const last = running;
      running = undefined;
      let unfinished = 0;
      if (last) {
        const stopped = last.client.call('engine.stop', { graceMs });
        // An engine that hangs does not answer; ending the thread closes the channel, and that settles the call.
        const tooLate = clock.after(graceMs + stopMarginMs, () => void last.worker.terminate());
        unfinished = (await stopped.catch(() => ({ unfinishedRequests: 0 }))).unfinishedRequests;
        tooLate();
        const hangs = clock.after(stopMarginMs, () => void last.worker.terminate());
        await listener.onStopped?.(last.client).catch(() => {});
        hangs();
        await last.worker.terminate();
      }
      setStatus({ state: 'stopped' });
      return unfinished;
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
