import type { BallastEvent } from '@shared/contract/event-values.ts';
import { create } from 'zustand';
import { appendToLog, emptyLog, type LogState } from './log.ts';

/** Events kept for timeline, stories and the event list. */
export const eventCapacity = 3_000;

/** Oldest first, by ascending `sequence`. */
export const useEvents = create<LogState<BallastEvent>>(() => emptyLog);

const listeners = new Set<(entries: readonly BallastEvent[]) => void>();

export function appendEvents(entries: readonly BallastEvent[], dropped: number): void {
  useEvents.setState((log) => appendToLog(log, entries, dropped, eventCapacity));
  for (const listener of listeners) listener(entries);
}

/** A new connection: its first batch tells the newest events again. */
export function forgetEvents(): void {
  useEvents.setState(emptyLog);
}

/** Calls with each batch as it arrives. */
export function onEvents(listener: (entries: readonly BallastEvent[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
