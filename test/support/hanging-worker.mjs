import { BroadcastChannel } from 'node:worker_threads';

/** The real engine, and a way for a test to hang it: a message on this channel blocks its thread for so many milliseconds. */
const channel = new BroadcastChannel('hang the engine');
channel.unref();
channel.onmessage = ({ data }) => {
  const until = performance.now() + Number(data);
  while (performance.now() < until);
};

await import('../../out/main/engine-worker.js');
