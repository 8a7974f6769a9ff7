import type { Channel } from '@shared/contract/channel.ts';
import { channelEnds } from '@shared/contract/channel-ends.ts';
import type { IpcMain, IpcMainEvent, WebContents } from 'electron';

/** The only messages between the interface and the main process. Each names its connection first. */
export const openMessage = 'ballast:open';
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
 * Channels over Electron IPC, one at a time for one page: a page that opens another has been loaded anew, so the former one ends.
 * Messages of a connection that is not the present one crossed its end on the way and are dropped.
 */
export function createIpcPipe({ ipcMain, page, isTrusted, onChannel }: IpcPipeOptions): IpcPipe {
  let current: OpenChannel | undefined;

  const onOpen = (event: IpcMainEvent, connection: unknown): void => {
    if (!isTrusted(event) || typeof connection !== 'string') return;
    current?.end('the interface began anew');
    current = openChannel(page, connection);
    onChannel(current.channel);
  };
  const onFrame = (event: IpcMainEvent, connection: unknown, frame: unknown): void => {
    if (isTrusted(event) && connection === current?.connection) current?.deliver(frame);
  };
  const onClose = (event: IpcMainEvent, connection: unknown, reason: unknown): void => {
    if (isTrusted(event) && connection === current?.connection) current?.end(String(reason));
  };
  ipcMain.on(openMessage, onOpen);
  ipcMain.on(frameMessage, onFrame);
  ipcMain.on(closeMessage, onClose);

  return {
    disconnect: (reason) => current?.channel.close(reason),
    dispose() {
      ipcMain.off(openMessage, onOpen);
      ipcMain.off(frameMessage, onFrame);
      ipcMain.off(closeMessage, onClose);
      current?.end('the window closed');
    },
  };
}

interface OpenChannel {
  readonly connection: string;
  readonly channel: Channel;
  deliver(frame: unknown): void;
  /** Closes without telling the page, which ended it or is gone. */
  end(reason: string): void;
}

function openChannel(page: PipePage, connection: string): OpenChannel {
  const ends = channelEnds();
  const tell = (message: string, value: unknown): void => {
    if (!page.isDestroyed()) page.send(message, connection, value);
  };
  return {
    connection,
    end: ends.end,
    deliver: ends.deliver,
    channel: {
      onFrame: ends.onFrame,
      onClose: ends.onClose,
      send(frame) {
        if (!ends.isClosed) tell(frameMessage, frame);
      },
      close(reason = 'closed') {
        if (ends.isClosed) return;
        tell(closeMessage, reason);
        ends.end(reason);
      },
    },
  };
}
