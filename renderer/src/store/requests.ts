import type { RequestSummary } from '@shared/contract/request-values.ts';
import { useEffect } from 'react';
import { create } from 'zustand';
import { appendToLog, emptyLog, type LogState } from './log.ts';

export const requestCapacity = 2_000;
/** At thousands of requests a second batches come often; a list is not read faster than this. */
const flushMs = 250;

/** The newest requests, oldest first. Filled only while somebody watches (`useWatchRequests`). */
export const useRequests = create<LogState<RequestSummary>>(() => emptyLog);

let waiting: RequestSummary[] = [];
let waitingDropped = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

export function appendRequests(entries: readonly RequestSummary[], dropped: number): void {
  waiting.push(...entries);
  waitingDropped += dropped;
  timer ??= setTimeout(() => {
    const [batch, batchDropped] = [waiting, waitingDropped];
    [waiting, waitingDropped, timer] = [[], 0, undefined];
    useRequests.setState((log) => appendToLog(log, batch, batchDropped, requestCapacity));
  }, flushMs);
}

export function forgetRequests(): void {
  clearTimeout(timer);
  [waiting, waitingDropped, timer] = [[], 0, undefined];
  useRequests.setState(emptyLog);
}

let watchers = 0;
const wantListeners = new Set<(wanted: boolean) => void>();

/** Tells at once and at every change whether anybody watches. */
export function onRequestsWanted(listener: (wanted: boolean) => void): () => void {
  wantListeners.add(listener);
  listener(watchers > 0);
  return () => wantListeners.delete(listener);
}

/** Subscribes to the request log for as long as this component is shown. */
export function useWatchRequests(): void {
  useEffect(() => {
    watchers += 1;
    if (watchers === 1) for (const listener of wantListeners) listener(true);
    return () => {
      watchers -= 1;
      if (watchers === 0) for (const listener of wantListeners) listener(false);
    };
  }, []);
}
