import { Worker } from 'node:worker_threads';
import type { LaneAnswers, LaneMessage, LaneRequest, LaneStart, Numbered } from './messages.ts';
import { threadHeap } from './thread-heap.ts';

export interface LaneWorkerEvents {
  /** What it says without being asked. */
  readonly onMessage: (message: Exclude<LaneMessage, { type: 'answer' | 'failed' }>) => void;
  /** It is gone, by itself or ended. Once. */
  readonly onGone: (reason: string) => void;
}

/** The engine's end of another thread of the data plane. */
export interface LaneWorker {
  readonly thread: number;
  /** Rejects where the thread is gone, or goes before it answers. */
  ask<T extends LaneRequest['type']>(request: Extract<LaneRequest, { type: T }>): Promise<LaneAnswers[T]>;
  /** Ends it at once; the reason is told as that of its end. */
  end(reason: string): void;
}

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

/** @param path of the built worker, which serves the engine's thread too */
export function startLaneWorker(path: string, start: LaneStart, events: LaneWorkerEvents): LaneWorker {
  const { thread } = start.memory;
  const waiting = new Map<number, Waiting>();
  let lastNumber = 0;
  let why = 'it ended by itself';
  let gone = false;
  const worker = new Worker(path, {
    execArgv: [],
    workerData: start,
    name: `ballast thread ${thread}`,
    resourceLimits: threadHeap,
  });
  worker.on('error', (error) => {
    why = error instanceof Error ? error.message : String(error);
  });
  worker.on('exit', () => {
    gone = true;
    for (const { reject } of waiting.values()) reject(new Error(`thread ${thread} is gone: ${why}`));
    waiting.clear();
    events.onGone(why);
  });
  worker.on('message', (message: LaneMessage) => {
    if (message.type !== 'answer' && message.type !== 'failed') return events.onMessage(message);
    const asked = waiting.get(message.number);
    waiting.delete(message.number);
    if (message.type === 'answer') asked?.resolve(message.value as never);
    else asked?.reject(new Error(message.message));
  });
  return {
    thread,
    ask(request) {
      if (gone) return Promise.reject(new Error(`thread ${thread} is gone: ${why}`));
      lastNumber += 1;
      const numbered: Numbered<LaneRequest> = { ...request, number: lastNumber };
      return new Promise((resolve, reject) => {
        waiting.set(lastNumber, { resolve, reject });
        worker.postMessage(numbered);
      });
    },
    end(reason) {
      why = reason;
      void worker.terminate();
    },
  };
}
