import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { formatAddress } from '@shared/config/address.ts';
import type { ConfigProblem } from '@shared/config/parse.ts';
import type { Config } from '@shared/config/schema.ts';
import { serverId } from '@shared/config/server-id.ts';
import type { Channel, Unsubscribe } from '@shared/contract/channel.ts';
import type { CommandName, Handlers, OwnerCommandName } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { Capability } from '@shared/contract/frames.ts';
import { type ServedChannel, type ServeOptions, serveContract } from '@shared/contract/server.ts';
import { createStatePublisher } from '@shared/contract/state-publisher.ts';
import type { ConfigSnapshot, ListenerStatus, WorkspaceStatus } from '@shared/contract/system-values.ts';
import type { Log } from '@shared/lib/log.ts';
import { dialects } from '../dialect/registry.ts';
import { createTraffic } from '../drill/traffic.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import { planReplicas } from '../replicas/plan.ts';
import { createSupervisor } from '../replicas/supervisor.ts';
import type { WorkspaceDocument } from '../workspace/document.ts';
import { openWorkspace } from '../workspace/workspace.ts';
import { applyLocated, type Configuration, createConfiguration, tellProblems } from './configuration.ts';
import { createEngineHost, type EngineHost } from './engine-host.ts';
import { createEngineRelay } from './engine-relay.ts';
import { createEventLog } from './event-log.ts';
import { editCommands } from './handlers/edit-commands.ts';
import { engineCommands } from './handlers/engine-commands.ts';
import { processCommands } from './handlers/process-commands.ts';
import { namePortHolder } from './port-in-use.ts';
import { replicaEvent } from './replica-events.ts';
import { sessionFile } from './session-file.ts';
import { createSessionKeeper } from './session-keeper.ts';

/** Replicas get this long to listen before traffic is let in; those that take longer are found by their health checks. */
const replicaWaitMs = 3_000;
/** The demo's whole point is that three servers answer, so it waits longer on a busy machine. */
const demoReplicaWaitMs = 15_000;
const defaultGraceMs = 10_000;

export interface OwnerOptions {
  /** Path of ballast.yaml. */
  readonly path: string;
  /** The demo's own temporary workspace. */
  readonly demo: boolean;
  /** Whether the gentle traffic runs from the start. */
  readonly generate: boolean;
  /** The built engine worker: out/main/engine-worker.js. */
  readonly workerPath: string;
  /** Of Ballast. */
  readonly version: string;
  /** Lines for a person who looks for a fault. */
  readonly log: (text: string) => void;
  /** Where `persistSessions` keeps them; that of this user where it is left out. */
  readonly stateDir?: string;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface Owner {
  /**
   * Reads the file, starts engine and replicas, and resolves once traffic is accepted. Rejects with a `ContractError` that says
   * what to do (`invalid-config` with problems, `unavailable` for a port in use, `io-failed`); nothing runs then.
   */
  start(): Promise<readonly ListenerStatus[]>;
  /** @param handlers commands that the caller's shell answers itself (dialogs, say). */
  serve(
    channel: Channel,
    grant: ServeOptions['grant'],
    handlers?: Partial<Handlers<CommandName>>,
  ): ServedChannel;
  /** Running requests finish first, within the grace; then engine, traffic and replicas end. Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

/** What a person at this machine may do; `--read-only` leaves `read`. */
export const fullGrant: readonly Capability[] = ['read', 'operate', 'edit'];
export const readOnlyGrant: readonly Capability[] = ['read'];

/** The running Ballast behind both faces: workspace, engine, replicas and traffic together. */
export function createOwner(options: OwnerOptions): Owner {
  const { path, demo, generate, workerPath, version } = options;
  const { clock = systemClock, random = Math.random } = options;
  const log: Log = (level, message) => {
    if (level !== 'info') options.log(message);
  };

  const events = createEventLog(clock.epoch);
  const system = createStatePublisher('system');
  const config = createStatePublisher('config');
  const replicas = createStatePublisher('replicas');
  const supervisor = createSupervisor({ clock, log });
  const traffic = createTraffic({ clock, random, log });
  const relay = createEngineRelay(events, ({ total }) => traffic.observe(total.requests));
  const sessions = createSessionKeeper({ clock, log }, (name, params) => host.call(name, params));
  const host: EngineHost = createEngineHost({
    workerPath,
    version,
    clock,
    log,
    listener: engineListener(),
    cookieKey: () => sessions.cookieKey,
  });
  /** What the operator wants of servers: the engine forgets it when it crashes, the operator does not. */
  const adminStates = new Map<string, Parameters<typeof setAdminState>[0]>();
  const releases: Unsubscribe[] = [];
  let configuration: Configuration | undefined;
  let stopped: Promise<void> | undefined;

  const current = (): Configuration => {
    if (configuration) return configuration;
    throw new ContractError('unavailable', 'Ballast is still starting; try again in a moment');
  };
  const setAdminState: Handlers<'server.set-admin-state'>['server.set-admin-state'] = async (params) => {
    const changed = await host.call('server.set-admin-state', params);
    adminStates.set(serverId(params.pool, params.server), params);
    return changed;
  };

  const handlers: Handlers<OwnerCommandName> & ReturnType<typeof engineCommands> = {
    ...engineCommands(host),
    ...editCommands(current),
    ...processCommands({
      config: () => current().snapshot.config,
      supervisor,
      onKilled: ({ pool, name }, text) =>
        events.add({ kind: 'replica-exited', text, tone: 'bad', pool, server: serverId(pool, name) }),
    }),
    'server.set-admin-state': setAdminState,
    'event.list': (params) => events.list(params),
    'generator.set': ({ running, ratePerSecond }) =>
      traffic.set({ running, ...(ratePerSecond !== undefined && { ratePerSecond }) }),
    'export.render': ({ dialect, targetVersion }) =>
      dialects[dialect](current().snapshot.config, { targetVersion }),
  };

  function engineListener(): Parameters<typeof createEngineHost>[0]['listener'] {
    return {
      onStatus: (status) => system.set('engine', status),
      onConnected: (client) => relay.follow(client),
      onRestarting: (client) => sessions.restore((name, params) => client.call(name, params)),
      onStopped: (client) => sessions.saveLast((name, params) => client.call(name, params)),
      onCrashed: (reason) =>
        events.add({ kind: 'engine-crashed', text: `The engine crashed: ${reason}`, tone: 'bad' }),
      onRestarted: (listeners, configured) => {
        events.add({
          kind: 'engine-restarted',
          text: `The engine runs again with ${configured === 'changed' ? 'a changed' : 'the last good'} configuration; ${sessions.isOn ? 'counters began anew, sessions go on as they were when they were last saved' : 'counters and sessions began anew'}`,
          tone: 'good',
        });
        leadTraffic(listeners);
        for (const params of adminStates.values()) {
          // A server that is gone by now no longer needs it.
          host.call('server.set-admin-state', params).catch(() => {});
        }
      },
    };
  }

  function leadTraffic(listeners: readonly ListenerStatus[]): void {
    traffic.setUrl(listeners[0]?.url ?? null);
  }

  /** What runs changes as one: the engine first, which may refuse, then the processes. */
  async function applyAll(file: string, wanted: Config): Promise<readonly ListenerStatus[]> {
    const { listeners } = await host.apply(wanted).catch(async (error) => {
      throw await namePortHolder(error, wanted, relay.listeners());
    });
    planAll(file, wanted);
    leadTraffic(listeners);
    return listeners;
  }

  function planAll(file: string, wanted: Config): void {
    supervisor.apply(planReplicas(wanted, { baseDir: dirname(file), running: supervisor.statuses() }));
    publishReplicas();
  }

  function publishReplicas(): void {
    replicas.replace(supervisor.statuses().map((status) => [status.id, status] as const));
  }

  function watchReplicas(): Unsubscribe {
    const before = new Map(supervisor.statuses().map((status) => [status.id, status]));
    return supervisor.onChange((status) => {
      const event = replicaEvent(before.get(status.id), status);
      before.set(status.id, status);
      publishReplicas();
      if (event && !stopped) events.add({ ...event, ...serverAt(status.address) });
    });
  }

  /** The server that stands at an address now, for the event's lane on the timeline. */
  function serverAt(address: string): { pool: string; server: string } | undefined {
    for (const pool of configuration?.snapshot.config.pools ?? []) {
      const server = pool.servers.find((each) => formatAddress(each.address) === address);
      if (server) return { pool: pool.name, server: serverId(pool.name, server.name) };
    }
    return undefined;
  }

  function replicasSettled(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (supervisor.statuses().some(({ state }) => state === 'starting')) return;
        unsubscribe();
        tooLate();
        resolve();
      };
      const unsubscribe = supervisor.onChange(look);
      const tooLate = clock.after(withinMs, () => {
        unsubscribe();
        resolve();
      });
      look();
    });
  }

  function applied(snapshot: ConfigSnapshot, what: string): void {
    config.set('current', snapshot);
    sessions.turn(snapshot.config.persistSessions);
    events.add({ kind: 'config-applied', text: what, tone: 'neutral' });
  }

  /** Stopped while it started: nothing more may come to life. */
  function insistRunning(): void {
    if (stopped) throw new ContractError('unavailable', 'Ballast was stopped while it started');
  }

  async function start(): Promise<readonly ListenerStatus[]> {
    const file = await openWorkspace(path, { log });
    releases.push(() => file.close());
    insistRunning();
    const parsed = file.document.check();
    if (!parsed.ok) {
      throw new ContractError('invalid-config', `${path}: ${tellProblems(parsed.problems)}`, parsed.problems);
    }
    let status: WorkspaceStatus = {
      path: file.path,
      title: titleOf(file.path, demo),
      demo,
      problems: [],
      notes: toldNotes(file.document),
    };
    system.set('workspace', status);
    system.set('generator', traffic.status());
    releases.push(
      traffic.onChange((generator) => {
        system.set('generator', generator);
        // It stands aside for others, and sees them only in the metrics.
        relay.insistOnMetrics(generator.running);
      }),
    );
    releases.push(watchReplicas());

    configuration = createConfiguration(file, parsed.config, {
      apply: async (wanted) => void (await applyAll(file.path, wanted)),
      onApplied: applied,
      onProblems: (problems) => {
        // What runs goes on as it was where the file has problems, and so do its notes.
        const notes = problems.length === 0 ? toldNotes(file.document) : status.notes;
        status = { ...status, notes, problems: problems.map(placed) };
        system.set('workspace', status);
        if (problems.length === 0) return;
        const meanwhile =
          host.status.state === 'stopped'
            ? 'the engine stays away'
            : 'the earlier configuration keeps running';
        const text = `${basename(file.path)} was changed on disk and cannot run; ${meanwhile}. ${tellProblems(problems)}`;
        events.add({ kind: 'config-refused', text, tone: 'bad' });
      },
    });
    const damaged = sessions.open(
      sessionFile(await realpath(file.path), options.stateDir),
      parsed.config.persistSessions,
    );
    if (damaged !== null) {
      const text = `No session of the last run goes on: ${damaged}`;
      events.add({ kind: 'sessions-restored', tone: 'bad', text });
    }
    planAll(file.path, parsed.config);
    await Promise.all([host.start(), replicasSettled(demo ? demoReplicaWaitMs : replicaWaitMs)]);
    insistRunning();
    await sessions.restore(host.call);
    const listeners = await applyLocated(file.document, parsed.config, (wanted) =>
      applyAll(file.path, wanted),
    );
    applied(configuration.snapshot, `${basename(file.path)} runs`);
    releases.push(configuration.watch());
    if (generate) traffic.set({ running: true });
    return listeners;
  }

  async function stop(graceMs: number): Promise<void> {
    for (const release of releases.splice(0).reverse()) release();
    await traffic.stop();
    sessions.stop();
    await stopEngine(host, graceMs, log);
    await supervisor.stop(graceMs);
  }

  const owner: Owner = {
    async start() {
      try {
        return await start();
      } catch (error) {
        await owner.stop(0);
        throw error;
      }
    },
    serve: (channel, grant, own = {}) =>
      serveContract(channel, {
        version,
        grant,
        handlers: { ...handlers, ...own },
        topics: { ...relay.topics, system, config, replicas, events: events.publisher },
        log: (text) => log('error', text),
      }),
    stop: (graceMs = defaultGraceMs) => {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
  return owner;
}

async function stopEngine(host: EngineHost, graceMs: number, log: Log): Promise<void> {
  const unfinished = await host.stop(graceMs);
  if (unfinished > 0)
    log('warn', `${unfinished} requests were still running after ${graceMs} ms and were cut off`);
}

/** With its place as the contract has it. */
function placed({ message, line, column, excerpt }: ConfigProblem) {
  return { message, line: line ?? null, column: column ?? null, excerpt: excerpt ?? null };
}

function toldNotes(document: WorkspaceDocument): WorkspaceStatus['notes'] {
  return document.notes().map((note) => {
    const { rule, settings, pool } = note;
    return { ...placed(note), rule, settings: [...settings], pool };
  });
}

function titleOf(path: string, demo: boolean): string {
  return demo ? 'demo' : `${basename(dirname(path))} / ${basename(path)}`;
}
