import type { FramePipe } from '@shared/contract/frame-pipe.ts';
import { contextBridge, ipcRenderer } from 'electron';

/**
 * A pipe for frames between the interface and the main process, and nothing else: what may be asked, and by whom, is the
 * contract's business. The names are `frameMessage` and `closeMessage` of main/desktop/ipc-pipe.ts.
 */
const pipe: FramePipe = {
  send: (frame) => ipcRenderer.send('ballast:frame', frame),
  close: (reason) => ipcRenderer.send('ballast:close', String(reason ?? 'closed')),
  onFrame: (listener) => listen('ballast:frame', listener),
  onClose: (listener) => listen('ballast:close', (reason) => listener(String(reason))),
};

function listen(message: string, listener: (value: unknown) => void) {
  // The event itself stays here: it would hand the page a way to the whole of IPC.
  const heard = (_event: unknown, value: unknown) => listener(value);
  ipcRenderer.on(message, heard);
  return () => {
    ipcRenderer.off(message, heard);
  };
}

contextBridge.exposeInMainWorld('ballast', pipe);
