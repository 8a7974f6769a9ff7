import { z } from 'zod';
import { affinityKinds } from '../catalog/affinities.ts';
import { batchingModeKinds } from '../catalog/batching.ts';
import type { Config } from '../config/schema.ts';
import { eventSchema } from './event-values.ts';
import { metricsSchema } from './metrics-values.ts';
import { recordCursorSchema, recordedRequestSchema } from './recorded-request.ts';
import { requestDetailSchema, requestSummarySchema } from './request-values.ts';
import { savedPoolSchema, savedSessionsSchema } from './saved-sessions.ts';
import { adminStates, probeRecordSchema, replicaStatusSchema, serverStatusSchema } from './server-values.ts';
import { sessionSchema } from './session-values.ts';
import { generatorStatusSchema, listenerStatusSchema, resourcesSchema } from './system-values.ts';

/**
 * Every command, as data. To add one: an entry here, a handler in `control/handlers/` (or in the engine's table, for
 * those the engine answers itself); the compiler names every other place.
 *
 * `needs` is the capability the caller must hold: `read` looks, `operate` changes what runs, `edit` changes the file,
 * `own` is kept between the owner and its engine and never granted to anybody else.
 */
interface CommandDefinition {
  readonly needs: 'read' | 'operate' | 'edit' | 'own' | 'save-file' | 'open-file';
  /** `shell`: by the window around the interface, where there is one; without one the command is refused. */
  readonly handledBy: 'engine' | 'owner' | 'shell';
  readonly params: z.ZodType;
  readonly result: z.ZodType;
}

const nothing = z.strictObject({});
const name = z.string().min(1).max(63);
const server = { pool: name, server: name };
/** Refused with `conflict` when the configuration has moved on from this revision. */
const edit = { expectedRevision: z.int().optional() };
const edited = z.object({
  revision: z.int(),
  /** What was done beyond what was asked, for a person; null where nothing was. */
  note: z.string().nullable(),
});

export const commands = {
  'status.get': {
    needs: 'read',
    handledBy: 'engine',
    params: nothing,
    result: z.object({
      servers: z.array(serverStatusSchema),
      listeners: z.array(listenerStatusSchema),
      metrics: metricsSchema,
      resources: resourcesSchema,
    }),
  },
  'request.list': {
    needs: 'read',
    handledBy: 'engine',
    params: z.strictObject({
      limit: z.int().min(1).max(1_000).default(100),
      pool: name.optional(),
      /** Only requests that any attempt took to this server id. */
      server: z.string().optional(),
      /** Only requests of that session, by its handle in its pool. */
      session: z.strictObject({ pool: name, id: z.string().max(40) }).optional(),
      /** `failed`: for the client. `retried`: more than one attempt. */
      only: z.enum(['failed', 'retried']).optional(),
    }),
    result: z.object({ requests: z.array(requestSummarySchema), forgotten: z.number() }),
  },
  'request.get': {
    needs: 'read',
    handledBy: 'engine',
    params: z.strictObject({ id: z.string() }),
    result: requestDetailSchema,
  },
  /** A page of the journal for a recording, newest first. Failed requests that are kept for longer than their neighbours are left out. */
  'request.record': {
    needs: 'read',
    handledBy: 'engine',
    params: z.strictObject({
      limit: z.int().min(1).max(1_000).default(1_000),
      /** Only what is older: `next` of the page before. */
      before: recordCursorSchema.optional(),
    }),
    result: z.object({
      /** Another one when the engine was started anew: then `before` means nothing any more. */
      run: z.string(),
      requests: z.array(recordedRequestSchema),
      /** Null where this was the last page. */
      next: recordCursorSchema.nullable(),
      /** Since 1970, at `arrivedMs` 0. */
      startMs: z.number(),
    }),
  },
  'session.list': {
    needs: 'read',
    handledBy: 'engine',
    params: z.strictObject({
      pool: name.optional(),
      server: z.string().optional(),
      /** That session alone. */
      id: z.string().max(40).optional(),
      /** Matches part of the client or the id, or the beginning of the key. */
      search: z.string().max(200).optional(),
      limit: z.int().min(1).max(1_000).default(200),
    }),
    result: z.object({ sessions: z.array(sessionSchema), total: z.number() }),
  },
  'session.end': {
    needs: 'operate',
    handledBy: 'engine',
    params: z.strictObject({ pool: name, id: z.string() }),
    result: nothing,
  },
  /** Ends all sessions of a server, or of the pool. */
  'session.end-all': {
    needs: 'operate',
    handledBy: 'engine',
    params: z.strictObject({ pool: name, server: name.optional() }),
    result: z.object({ ended: z.number() }),
  },
  /** Binds a session to another server of its pool; refused with `conflict` where it could not stay there. */
  'session.move': {
    needs: 'operate',
    handledBy: 'engine',
    params: z.strictObject({ pool: name, id: z.string(), server: name }),
    /** Id of the server it was bound to. */
    result: z.object({ before: z.string() }),
  },
  /**
   * A pinned session neither expires nor makes room for others, and stays bound to its server: while that is unavailable its requests are served
   * elsewhere, or not at all, as `onUnavailable` says. Only a server that leaves the pool ends it.
   */
  'session.pin': {
    needs: 'operate',
    handledBy: 'engine',
    params: z.strictObject({ pool: name, id: z.string(), pinned: z.boolean() }),
    result: z.object({ before: z.boolean(), server: z.string() }),
  },
  /** What the next engine needs to go on with the sessions: one part after the other, null behind the last. */
  'session.save': {
    needs: 'own',
    handledBy: 'engine',
    params: z.strictObject({ isFirst: z.boolean() }),
    result: z.object({ part: savedPoolSchema.nullable() }),
  },
  /** Sessions of an earlier run, told before the first configuration. */
  'session.restore': {
    needs: 'own',
    handledBy: 'engine',
    params: z.strictObject({ saved: savedSessionsSchema }),
    result: nothing,
  },
  'server.set-admin-state': {
    needs: 'operate',
    handledBy: 'engine',
    params: z.strictObject({
      ...server,
      adminState: z.enum(adminStates),
      /** With `drain`: so much later its sessions move and what still runs is ended. 0: never. The pool's `timeouts.drain` when left out. */
      drainMs: z.int().min(0).max(2_147_483_647).optional(),
    }),
    result: z.object({ before: z.enum(adminStates) }),
  },
  /** Probes now instead of at the next interval. */
  'server.probe': { needs: 'operate', handledBy: 'engine', params: z.strictObject(server), result: nothing },
  /** The last probes of a server, oldest first, and how many there were in all. */
  'server.probes': {
    needs: 'read',
    handledBy: 'engine',
    params: z.strictObject(server),
    result: z.object({
      probes: z.array(probeRecordSchema),
      run: z.number(),
      failed: z.number(),
      /** Run, and no longer kept. */
      forgotten: z.number(),
    }),
  },

  'event.list': {
    needs: 'read',
    handledBy: 'owner',
    params: z.strictObject({ limit: z.int().min(1).max(5_000).default(100), server: z.string().optional() }),
    result: z.object({ events: z.array(eventSchema), forgotten: z.number() }),
  },
  /** SIGKILL to the process behind the server. */
  'server.kill': {
    needs: 'operate',
    handledBy: 'owner',
    params: z.strictObject(server),
    result: z.object({ pid: z.number(), signal: z.literal('SIGKILL') }),
  },
  /** Starts the process behind the server again. */
  'server.start': {
    needs: 'operate',
    handledBy: 'owner',
    params: z.strictObject(server),
    result: replicaStatusSchema,
  },
  'generator.set': {
    needs: 'operate',
    handledBy: 'owner',
    params: z.strictObject({ running: z.boolean(), ratePerSecond: z.int().min(1).max(10_000).optional() }),
    result: generatorStatusSchema,
  },

  'server.add': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({
      pool: name,
      address: z.string().max(300),
      name: name.optional(),
      weight: z.int().min(0).max(1_000).optional(),
      ...edit,
    }),
    result: edited,
  },
  'server.remove': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({ ...server, ...edit }),
    result: edited,
  },
  'server.move': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({
      ...server,
      toPool: name,
      /** Place among the servers there; the end when left out. */
      index: z.int().min(0).optional(),
      ...edit,
    }),
    result: edited,
  },
  'server.set-weight': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({ ...server, weight: z.int().min(0).max(1_000), ...edit }),
    result: edited,
  },
  'pool.add': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({
      name,
      /** A pool has at least one server: a new one by address, or one moved from another pool. */
      first: z.union([z.strictObject({ address: z.string().max(300) }), z.strictObject(server)]),
      ...edit,
    }),
    result: edited,
  },
  'pool.remove': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({ pool: name, ...edit }),
    result: edited,
  },
  'pool.set-strategy': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({
      pool: name,
      strategy: z.string(),
      /** As they stand in the file; null takes one out, so that its default holds. One that is not named stays as it is. */
      options: z.record(z.string().max(40), z.union([z.string().max(300), z.number(), z.null()])).optional(),
      ...edit,
    }),
    result: edited,
  },
  /** Its ttl and limits stay where both kinds have them; the defaults where they are new. */
  'pool.set-affinity': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({
      pool: name,
      affinity: z.enum(affinityKinds),
      /** Of the application's cookie, or of the field, for the kinds that need one. */
      name: z.string().max(100).optional(),
      ...edit,
    }),
    result: edited,
  },
  /** Whether requests of the same moment share a connection to their server. */
  'pool.set-batching': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({ pool: name, batching: z.enum(batchingModeKinds), ...edit }),
    result: edited,
  },
  /** Leads the listener's traffic for every path to that pool. */
  'listener.set-pool': {
    needs: 'edit',
    handledBy: 'owner',
    params: z.strictObject({ listener: name, pool: name, ...edit }),
    result: edited,
  },
  'config.undo': { needs: 'edit', handledBy: 'owner', params: z.strictObject(edit), result: edited },
  'config.redo': { needs: 'edit', handledBy: 'owner', params: z.strictObject(edit), result: edited },
  /** The configuration for a production proxy, and what that proxy cannot express. */
  'export.render': {
    needs: 'read',
    handledBy: 'owner',
    params: z.strictObject({ dialect: z.enum(['nginx']), targetVersion: z.string().max(20).optional() }),
    result: z.object({
      fileName: z.string(),
      text: z.string(),
      notes: z.array(z.object({ level: z.enum(['lost', 'differs', 'info']), message: z.string() })),
    }),
  },

  /** Asks the person for a place and writes the text there; `path` is null when they changed their mind. */
  'shell.save-file': {
    needs: 'save-file',
    handledBy: 'shell',
    params: z.strictObject({
      /** Without a folder: the person chooses that. */
      suggestedName: z.string().regex(/^[\w][\w .-]{0,99}$/, 'a file name without a folder'),
      text: z.string().max(4_194_304),
    }),
    result: z.object({ path: z.string().nullable() }),
  },
  /** Asks the person for a workspace file and runs it in place of this one; the connection closes and is made anew. */
  'shell.open-workspace': {
    needs: 'open-file',
    handledBy: 'shell',
    params: nothing,
    result: z.object({ path: z.string().nullable() }),
  },

  /** Replaces the running configuration, keeping what survives; refused whole with `invalid-config` or `unavailable`. */
  'engine.apply': {
    needs: 'own',
    handledBy: 'engine',
    params: z.strictObject({
      config: z.custom<Config>((value) => typeof value === 'object' && value !== null),
    }),
    result: z.object({ listeners: z.array(listenerStatusSchema) }),
  },
  /** Accepts nothing new, waits for running requests at most this long, then closes. */
  'engine.stop': {
    needs: 'own',
    handledBy: 'engine',
    params: z.strictObject({ graceMs: z.number().min(0) }),
    result: z.object({ unfinishedRequests: z.number() }),
  },
} as const satisfies Record<`${string}.${string}`, CommandDefinition>;

export type CommandName = keyof typeof commands;
export type Needs = CommandDefinition['needs'];
/** What a caller writes. */
export type CommandParams<N extends CommandName> = z.input<(typeof commands)[N]['params']>;
/** What a handler receives: checked, defaults filled in. */
export type CheckedParams<N extends CommandName> = z.output<(typeof commands)[N]['params']>;
export type CommandResult<N extends CommandName> = z.output<(typeof commands)[N]['result']>;

type HandledBy<W extends CommandDefinition['handledBy']> = {
  [N in CommandName]: (typeof commands)[N]['handledBy'] extends W ? N : never;
}[CommandName];
export type EngineCommandName = HandledBy<'engine'>;
export type OwnerCommandName = HandledBy<'owner'>;
export type ShellCommandName = HandledBy<'shell'>;

export type Handler<N extends CommandName> = (
  params: CheckedParams<N>,
) => CommandResult<N> | Promise<CommandResult<N>>;
export type Handlers<N extends CommandName> = { readonly [K in N]: Handler<K> };
