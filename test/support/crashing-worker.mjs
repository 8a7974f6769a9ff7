import { BroadcastChannel, parentPort } from 'node:worker_threads';

/**
 * The real engine, and a way for a test to make it crash: any message on this channel, at once. `at the next apply` says when that is, and is
 * answered; a configuration in which `crash-me` stands crashes every engine that gets it.
 */
const channel = new BroadcastChannel('crash the engine');
channel.unref();
let isDue = false;

/** Out of the handler, or the event target would swallow it. */
function crash(reason, later = setImmediate) {
  later(() => {
    throw new Error(reason);
  });
}

channel.onmessage = ({ data }) => {
  if (data === 'it will') return;
  if (data !== 'at the next apply') return crash(String(data));
  isDue = true;
  channel.postMessage('it will');
};

await import('../../out/main/engine-worker.js');

// Behind the engine's own listener, and before any promise goes on: it has begun to apply, and has not answered.
parentPort.on('message', (message) => {
  const text = JSON.stringify(message) ?? '';
  if (text.includes('engine.apply') && (isDue || text.includes('crash-me')))
    crash('in the middle of it', process.nextTick);
});
