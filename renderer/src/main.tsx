import './ui/tokens.css';
import './ui/base.css';
import './ui/buttons.css';
import './ui/marks.css';
import './ui/fields.css';
import './ui/overlays.css';
import './ui/controls.css';
import './app/shell.css';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import { App } from './app/app.tsx';
import { startControl } from './connection/control.ts';
import { ipcChannel } from './connection/ipc-channel.ts';
import { sync } from './connection/sync.ts';
import { takeToken } from './connection/token.ts';
import { websocketChannel } from './connection/websocket-channel.ts';
import { applyTheme, useInterface } from './store/interface.ts';

// The content security policy allows no code made at run time, which zod would otherwise try.
z.config({ jitless: true });

applyTheme(useInterface.getState().theme);
const pipe = window.ballast;
startControl({
  token: pipe ? undefined : takeToken(location, history, sessionStorage),
  open: pipe
    ? () => ipcChannel(pipe)
    : () => websocketChannel(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/control`),
  onClient: sync,
});
createRoot(document.getElementById('root')!).render(<App />);
