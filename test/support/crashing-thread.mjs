import { BroadcastChannel, workerData } from 'node:worker_threads';

/** The real engine, and a way for a test to end a further thread of it: its number, and how, on this channel. */
const channel = new BroadcastChannel('end a thread');
channel.unref();
channel.onmessage = ({ data: { thread, how } }) => {
  if (workerData?.memory?.thread !== thread) return;
  // Out of the handler, or the event target would swallow it.
  setImmediate(() => {
    if (how === 'hang') for (;;);
    throw new Error(how);
  });
};

await import('../../out/main/engine-worker.js');
