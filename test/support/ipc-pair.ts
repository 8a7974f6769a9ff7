import { EventEmitter } from 'node:events';
import type { Channel, Unsubscribe } from '@shared/contract/channel.ts';
import type { FramePipe } from '@shared/contract/frame-pipe.ts';
import type { IpcMainEvent } from 'electron';
import { closeMessage, createIpcPipe, frameMessage, openMessage } from '../../main/desktop/ipc-pipe.ts';

type Listener = (...args: unknown[]) => void;

/**
 * The shell's pipe and a page's end of it, with Electron's IPC between: messages arrive later, in order, and cloned. `trusted` is the
 * event of the interface itself.
 */
export function createIpcPair() {
  const ipc = new EventEmitter();
  const toPage = new EventEmitter();
  const sent: unknown[][] = [];
  const channels: Channel[] = [];
  const trusted = {} as IpcMainEvent;
  let destroyed = false;

  const later = (run: () => void): void => void setImmediate(run);
  const pipe = createIpcPipe({
    ipcMain: {
      on: (name: string, listener: (...args: never[]) => void) => ipc.on(name, listener as Listener) as never,
      off: (name: string, listener: (...args: never[]) => void) =>
        ipc.off(name, listener as Listener) as never,
    },
    page: {
      isDestroyed: () => destroyed,
      send(message, ...args) {
        const copy = structuredClone(args);
        sent.push([message, ...copy]);
        later(() => toPage.emit(message, ...copy));
      },
    },
    isTrusted: (event) => event === trusted,
    onChannel: (channel) => void channels.push(channel),
  });

  const post =
    (message: string) =>
    (...args: unknown[]) => {
      const copy = structuredClone(args);
      later(() => ipc.emit(message, trusted, ...copy));
    };
  const listen =
    (message: string) =>
    (listener: (connection: string, value: never) => void): Unsubscribe => {
      toPage.on(message, listener as Listener);
      return () => toPage.off(message, listener as Listener);
    };
  const preload: FramePipe = {
    open: post(openMessage),
    send: post(frameMessage),
    close: post(closeMessage),
    onFrame: listen(frameMessage),
    onClose: listen(closeMessage),
  };

  return {
    pipe,
    preload,
    /** Everything sent to the page: message, connection, value. */
    sent,
    channels,
    trusted,
    ipc,
    destroyPage() {
      destroyed = true;
    },
  };
}
