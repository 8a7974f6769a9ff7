import { BroadcastChannel } from 'node:worker_threads';

/** The real engine, and a way for a test to make it crash: any message on this channel. */
const channel = new BroadcastChannel('crash the engine');
channel.unref();
channel.onmessage = ({ data }) => {
  // Out of the handler, or the event target would swallow it.
  setImmediate(() => {
    throw new Error(String(data));
  });
};

await import('../../out/main/engine-worker.js');
