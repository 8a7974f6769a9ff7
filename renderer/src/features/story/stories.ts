import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import { useEffect } from 'react';
import { create } from 'zustand';
import { metricsHistory } from '../../metrics/history.ts';
import { useConfig } from '../../store/config.ts';
import { onEvents, useEvents } from '../../store/events.ts';
import { useReplicas } from '../../store/replicas.ts';
import { deriveStory, type Story, storyWindowMs } from './story.ts';

/** How long a finished story stays when nobody dismisses it. */
const stayMs = 180_000;
/** What is counted may be reported a moment after the window closes. */
const settleMs = 1_500;

interface Telling {
  readonly exit: BallastEvent;
  readonly before: Metrics | undefined;
  after: Metrics | undefined;
  end?: ReplicaStatus['exit'];
}

/** The latest story of each pool. */
export const useStories = create<{ stories: Readonly<Record<string, Story>> }>(() => ({ stories: {} }));

const open = new Map<string, Telling>();

export function dismissStory(pool: string): void {
  open.delete(pool);
  useStories.setState(({ stories: { [pool]: _, ...rest } }) => ({ stories: rest }));
}

/** Follows events and metrics for as long as the interface is open. */
export function useStoryTeller(): void {
  useEffect(() => {
    begin(useEvents.getState().entries);
    const stopEvents = onEvents((entries) => {
      begin(entries);
      tell();
    });
    const stopSamples = metricsHistory.onSample((metrics) => {
      for (const telling of open.values()) if (isOpen(telling, metrics.atMs)) telling.after = metrics;
    });
    const timer = setInterval(() => {
      tell();
      for (const [pool, story] of Object.entries(useStories.getState().stories))
        if (Date.now() - story.atMs > stayMs) dismissStory(pool);
    }, 1_000);
    return () => {
      stopEvents();
      stopSamples();
      clearInterval(timer);
    };
  }, []);
}

function begin(entries: readonly BallastEvent[]): void {
  for (const exit of entries) {
    if (exit.kind !== 'replica-exited' || exit.server === null) continue;
    if (Date.now() - exit.atMs > storyWindowMs) continue; // old news: no samples of that time are here
    const pool = exit.pool ?? exit.server.slice(0, exit.server.indexOf('/'));
    if ((open.get(pool)?.exit.sequence ?? -1) >= exit.sequence) continue;
    // A moment earlier than the exit: clients meet a dying process before anybody reports its end.
    open.set(pool, { exit, before: metricsHistory.before(exit.atMs - 250), after: metricsHistory.latest });
  }
}

/** How the process of that exit ended: asked again until it is known, which may be a moment after the event. */
function endOf({ server, atMs }: BallastEvent): ReplicaStatus['exit'] {
  const address = useConfig.getState().servers[server ?? '']?.address;
  const end = useReplicas.getState().byAddress[address ?? '']?.exit ?? null;
  // Another exit of the same process is another story.
  return end && Math.abs(end.atMs - atMs) < 2_000 ? end : null;
}

function isOpen({ exit }: Telling, atMs: number): boolean {
  return atMs <= exit.atMs + storyWindowMs;
}

function tell(): void {
  const { entries } = useEvents.getState();
  for (const [pool, telling] of open) {
    const { exit, before, after } = telling;
    telling.end ??= endOf(exit);
    const told = useStories.getState().stories[pool];
    const story = deriveStory({ exit, end: telling.end, events: entries, before, after });
    if (JSON.stringify(told) !== JSON.stringify(story))
      useStories.setState(({ stories }) => ({ stories: { ...stories, [pool]: story } }));
    if (Date.now() > exit.atMs + storyWindowMs + settleMs) open.delete(pool);
  }
}
