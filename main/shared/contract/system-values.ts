import { z } from 'zod';
import type { Config } from '../config/schema.ts';

/** What runs as a whole, as frames carry it: listeners, configuration, engine, workspace, generator. */

export const listenerStatusSchema = z.object({
  name: z.string(),
  /** With the port that was really bound. */
  address: z.string(),
  url: z.string(),
  openConnections: z.number(),
});
export type ListenerStatus = z.infer<typeof listenerStatusSchema>;

/** What the engine holds just now. Everything but connections is zero when nothing is under way. */
export const resourcesSchema = z.object({
  clientConnections: z.number(),
  serverConnections: z.number(),
  /** Those of them that carry no request. */
  idleServerConnections: z.number(),
  /** Deadlines that are watched: at most one for each connection, and one for each client whose request has times of its own. */
  deadlines: z.number(),
  /** Large buffers lent to connections that a large body passes. */
  leasedBuffers: z.number(),
  /** Of requests: read ahead, or kept in case they have to be sent again. */
  keptBytes: z.number(),
});
export type Resources = z.infer<typeof resourcesSchema>;

/** The configuration as it runs, with the revision that edits may insist on. */
export interface ConfigSnapshot {
  readonly revision: number;
  readonly config: Config;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

export const problemSchema = z.object({
  message: z.string(),
  line: z.number().nullable(),
  column: z.number().nullable(),
  excerpt: z.string().nullable(),
});

/** A setting, or several together, that can have no effect; the file runs as it is. */
export const noteSchema = problemSchema.extend({
  /** For programs: `weights-ignored`. */
  rule: z.string(),
  /** Keys concerned. */
  settings: z.array(z.string()),
  pool: z.string().nullable(),
});
export type Note = z.infer<typeof noteSchema>;

export const engineStatusSchema = z.object({
  state: z.enum(['starting', 'running', 'restarting', 'stopped']),
  restarts: z.number(),
  /** Why the last restart was needed. */
  lastError: z.string().nullable(),
});
export type EngineStatus = z.infer<typeof engineStatusSchema>;

export const workspaceStatusSchema = z.object({
  /** Full path of the file. */
  path: z.string(),
  /** Short, for the title: `shop / ballast.yaml`. */
  title: z.string(),
  /** The demo's own workspace: temporary. */
  demo: z.boolean(),
  /** What is wrong with the file on disk while an earlier version of it keeps running. */
  problems: z.array(problemSchema),
  /** Settings of what runs that can have no effect. */
  notes: z.array(noteSchema),
});
export type WorkspaceStatus = z.infer<typeof workspaceStatusSchema>;

export const generatorStatusSchema = z.object({
  running: z.boolean(),
  ratePerSecond: z.number(),
  /** Where the requests go; null without a listener. */
  url: z.string().nullable(),
  /** As the generator itself, a client, saw them. */
  sent: z.number(),
  failed: z.number(),
});
export type GeneratorStatus = z.infer<typeof generatorStatusSchema>;
