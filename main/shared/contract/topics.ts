import type { BallastEvent } from './event-values.ts';
import type { Metrics } from './metrics-values.ts';
import type { RequestSummary } from './request-values.ts';
import type { ReplicaStatus, ServerStatus } from './server-values.ts';
import type {
  ConfigSnapshot,
  EngineStatus,
  GeneratorStatus,
  ListenerStatus,
  WorkspaceStatus,
} from './system-values.ts';

/**
 * What can be subscribed to. Three kinds:
 * `state`: a snapshot of keyed values, then ordered changes with a revision;
 * `sample`: whole frames, the latest wins, one in flight until acknowledged;
 * `log`: batches of entries with a cursor and a count of those dropped.
 */
export const topics = {
  config: { kind: 'state', from: 'owner' },
  /** Engine, workspace and traffic generator: one key each. */
  system: { kind: 'state', from: 'owner' },
  replicas: { kind: 'state', from: 'owner' },
  servers: { kind: 'state', from: 'engine' },
  listeners: { kind: 'state', from: 'engine' },
  metrics: { kind: 'sample', from: 'engine' },
  requests: { kind: 'log', from: 'engine' },
  events: { kind: 'log', from: 'owner' },
} as const satisfies Record<string, { kind: 'state' | 'sample' | 'log'; from: 'engine' | 'owner' }>;

export type TopicName = keyof typeof topics;
export type TopicOfKind<K extends 'state' | 'sample' | 'log'> = {
  [N in TopicName]: (typeof topics)[N]['kind'] extends K ? N : never;
}[TopicName];

/** Keys and values of the state topics. */
export interface StateValues {
  config: { current: ConfigSnapshot };
  system: { engine: EngineStatus; workspace: WorkspaceStatus; generator: GeneratorStatus };
  replicas: Record<string, ReplicaStatus>;
  servers: Record<string, ServerStatus>;
  listeners: Record<string, ListenerStatus>;
}
export interface SampleValues {
  metrics: Metrics;
}
export interface LogEntries {
  requests: RequestSummary;
  events: BallastEvent;
}
