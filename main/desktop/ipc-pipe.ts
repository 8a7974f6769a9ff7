import type { Channel } from '@shared/contract/channel.ts';
import type { IpcMain, IpcMainEvent, WebContents } from 'electron';

/** The only two messages between the interface and the main process. */
export const frameMessage = 'ballast:frame';
export const closeMessage = 'ballast:close';

export type PipePage = Pick<WebContents, 'send' | 'isDestroyed'>;
type PipeIpc = Pick<IpcMain, 'on' | 'off'>;

export interface IpcPipeOptions {
  readonly ipcMain: PipeIpc;
  readonly page: PipePage;
  /** Asked for every message: whether it comes from the interface itself. A message from anybody else is ignored. */
  readonly isTrusted: (event: IpcMainEvent) => boolean;
  /** Told of every connection the interface begins. */
  readonly onChannel: (channel: Channel) => void;
}

export interface IpcPipe {
  /** Ends the connection; the interface is told and may begin another. */
  disconnect(reason: string): void;
  dispose(): void;
}

/**
 * Channels over Electron IPC, one at a time for one page. `hello` begins a channel: a page that says it while one is open has
 * been loaded anew, so that one ends. Frames that belong to no channel (they crossed a close on the way) are dropped.
 */
export function createIpcPipe({ ipcMain, page, isTrusted, onChannel }: IpcPipeOptions): IpcPipe {
  let current: OpenChannel | undefined;

  const onFrame = (event: IpcMainEvent, frame: unknown): void => {
    if (!isTrusted(event)) return;
    if (isHello(frame)) {
      current?.end('the interface began anew');
      const opened = openChannel(page);
      current = opened;
      onChannel(opened.channel);
    }
    current?.deliver(frame);
  };
  const onClose = (event: IpcMainEvent, reason: unknown): void => {
    if (isTrusted(event)) current?.end(String(reason));
  };
  ipcMain.on(frameMessage, onFrame);
  ipcMain.on(closeMessage, onClose);

  return {
    disconnect: (reason) => current?.channel.close(reason),
    dispose() {
      ipcMain.off(frameMessage, onFrame);
      ipcMain.off(closeMessage, onClose);
      current?.end('the window closed');
    },
  };
}

function isHello(frame: unknown): boolean {
  return typeof frame === 'object' && frame !== null && 'type' in frame && frame.type === 'hello';
}

interface OpenChannel {
  readonly channel: Channel;
  deliver(frame: unknown): void;
  /** Closes without telling the page, which ended it or is gone. */
  end(reason: string): void;
}

function openChannel(page: PipePage): OpenChannel {
  const frameListeners = new Set<(frame: unknown) => void>();
  const closeListeners = new Set<(reason: string) => void>();
  /** What came before anybody listened: the owner may still be starting. */
  let waiting: unknown[] | undefined = [];
  let closed: string | undefined;

  const tell = (message: string, value: unknown): void => {
    if (!page.isDestroyed()) page.send(message, value);
  };
  const end = (reason: string): void => {
    if (closed !== undefined) return;
    closed = reason;
    waiting = undefined;
    for (const listener of [...closeListeners]) listener(reason);
  };

  return {
    end,
    deliver(frame) {
      if (closed !== undefined) return;
      if (waiting) waiting.push(frame);
      else for (const listener of [...frameListeners]) listener(frame);
    },
    channel: {
      send(frame) {
        if (closed === undefined) tell(frameMessage, frame);
      },
      onFrame(listener) {
        frameListeners.add(listener);
        const early = waiting;
        waiting = undefined;
        for (const frame of early ?? []) if (closed === undefined) listener(frame);
        return () => frameListeners.delete(listener);
      },
      onClose(listener) {
        if (closed !== undefined) {
          listener(closed);
          return () => {};
        }
        closeListeners.add(listener);
        return () => closeListeners.delete(listener);
      },
      close(reason = 'closed') {
        if (closed !== undefined) return;
        tell(closeMessage, reason);
        end(reason);
      },
    },
  };
}
