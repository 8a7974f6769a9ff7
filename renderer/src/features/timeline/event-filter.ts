import { type BallastEvent, type EventKind, standingEventKinds } from '@shared/contract/event-values.ts';

/** Kinds as a person thinks of them. */
export const eventGroups = {
  health: {
    label: 'Health',
    kinds: ['probe-failed', ...standingEventKinds],
  },
  requests: { label: 'Failures and retries', kinds: ['attempt-failed', 'request-retried', 'request-failed'] },
  sessions: {
    label: 'Sessions',
    kinds: [
      'session-bound',
      'session-moved',
      'session-expired',
      'session-ended',
      'session-pinned',
      'sessions-restored',
    ],
  },
  limits: { label: 'Limits and names', kinds: ['limit-reached', 'name-failed', 'name-resolved'] },
  processes: { label: 'Processes', kinds: ['replica-started', 'replica-exited'] },
  changes: {
    label: 'Changes and engine',
    kinds: [
      'admin-state-changed',
      'drain-ended',
      'config-applied',
      'config-refused',
      'threads-changed',
      'thread-crashed',
      'thread-restarted',
      'engine-crashed',
      'engine-restarted',
    ],
  },
} as const satisfies Record<string, { label: string; kinds: readonly EventKind[] }>;
export type EventGroup = keyof typeof eventGroups;

export interface EventFilter {
  readonly server?: string | undefined;
  readonly group?: EventGroup | undefined;
}

/** Events that pass, newest first. */
export function filterEvents(
  events: readonly BallastEvent[],
  { server, group }: EventFilter,
): readonly BallastEvent[] {
  const kinds: readonly EventKind[] | undefined = group && eventGroups[group].kinds;
  const found: BallastEvent[] = [];
  for (let index = events.length - 1; index >= 0; index--) {
    const event = events[index]!;
    if (server !== undefined && event.server !== server) continue;
    if (kinds !== undefined && !kinds.includes(event.kind)) continue;
    found.push(event);
  }
  return found;
}

/** Where a press on events leads: to the request where there is one, else to the server. */
export function eventTarget(
  events: readonly BallastEvent[],
): { readonly kind: 'request' | 'server'; readonly id: string } | undefined {
  const request = events.findLast((event) => event.request !== null)?.request;
  if (request != null) return { kind: 'request', id: request };
  const server = events.findLast((event) => event.server !== null)?.server;
  return server == null ? undefined : { kind: 'server', id: server };
}
