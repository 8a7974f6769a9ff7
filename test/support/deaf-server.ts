import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { until } from './until.ts';

/** Listens with the shortest queue there is, says where, and never accepts anybody. */
const listens = `
const { createServer } = require('node:net');
const { parentPort } = require('node:worker_threads');
const server = createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  // Who knows the port before the thread sleeps could still be accepted.
  setTimeout(() => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }, 0);
});`;

/** A place to which no connection can be made, and which refuses none either: its queue is full, so the kernel does not answer. */
export async function deafServer(): Promise<{ readonly port: number; close(): Promise<unknown> }> {
  const worker = new Worker(listens, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const waiting = Array.from({ length: 8 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}));
  await until('the queue to be full', () => waiting.filter(({ connecting }) => !connecting).length >= 2);
  return {
    port,
    close() {
      for (const socket of waiting) socket.destroy();
      return worker.terminate();
    },
  };
}
