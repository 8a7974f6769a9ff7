import type { Worker } from 'node:worker_threads';
import type { Channel } from '@shared/contract/channel.ts';
import { portChannel } from '@shared/contract/port-channel.ts';

/** The channel to a worker thread's `parentPort`. Closes when the worker ends; closing it ends the worker. */
export function workerChannel(worker: Worker): Channel {
  return portChannel({
    postMessage: (frame) => worker.postMessage(frame),
    on(event: 'message' | 'close', listener: (frame?: unknown) => void) {
      worker.on(event === 'close' ? 'exit' : 'message', event === 'close' ? () => listener() : listener);
    },
    close: () => void worker.terminate(),
  });
}
