import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import { memoryChannel } from '@shared/contract/memory-channel.ts';
import { portChannel } from '@shared/contract/port-channel.ts';
import { WebSocket, WebSocketServer } from 'ws';
import { websocketChannel } from '../../../main/control/channels/websocket-channel.ts';
import { workerChannel } from '../../../main/control/channels/worker-channel.ts';
import { describeConformance } from '../../support/contract-conformance.ts';

describeConformance('memory', async () => {
  const [caller, answerer] = memoryChannel();
  return { caller, answerer, dispose: () => caller.close() };
});

describeConformance('a MessagePort', async () => {
  const { port1, port2 } = new MessageChannel();
  const caller = portChannel(port1);
  return { caller, answerer: portChannel(port2), dispose: () => caller.close() };
});

/** Passes frames on between its parent and a port, so that every one of them crosses into the thread and back. */
const passOn = `
  const { parentPort, workerData: port } = require('node:worker_threads');
  parentPort.on('message', (frame) => port.postMessage(frame));
  port.on('message', (frame) => parentPort.postMessage(frame));
  port.on('close', () => process.exit());
`;

describeConformance('a worker thread', async () => {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(passOn, { eval: true, execArgv: [], workerData: port2, transferList: [port2] });
  const answerer = portChannel(port1);
  return { caller: workerChannel(worker), answerer, dispose: () => void worker.terminate() };
});

describeConformance('a WebSocket', async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http, maxPayload: 1_048_576 });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const accepted = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  // Made before the socket is open, or the server's first frame could come before anybody listens.
  const caller = websocketChannel(socket);
  await new Promise((resolve) => socket.once('open', resolve));
  return {
    caller,
    answerer: websocketChannel(await accepted),
    dispose: async () => {
      socket.terminate();
      server.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
});
