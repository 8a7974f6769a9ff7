import type { FramePipe } from '@shared/contract/frame-pipe.ts';
import { contextBridge, ipcRenderer } from 'electron';

/**
 * A pipe for frames between the interface and the main process, and nothing else: what may be asked, and by whom, is the
 * contract's business. The names of the messages are those of main/desktop/ipc-pipe.ts.
 */
const pipe: FramePipe = {
  open: (connection) => ipcRenderer.send('ballast:open', connection),
  send: (connection, frame) => ipcRenderer.send('ballast:frame', connection, frame),
  close: (connection, reason) => ipcRenderer.send('ballast:close', connection, reason),
  onFrame: (listener) => listen('ballast:frame', listener),
  onClose: (listener) =>
    listen('ballast:close', (connection, reason) => listener(connection, String(reason))),
};

function listen(message: string, listener: (connection: string, value: unknown) => void) {
  // The event itself stays here: it would hand the page a way to the whole of IPC.
  const heard = (_event: unknown, connection: string, value: unknown) => listener(connection, value);
  ipcRenderer.on(message, heard);
  return () => {
    ipcRenderer.off(message, heard);
  };
}

contextBridge.exposeInMainWorld('ballast', pipe);
