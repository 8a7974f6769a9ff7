import type { App, Session, WebContents } from 'electron';
import { isInterfaceUrl } from './app-origin.ts';

/** What a page may ask the browser for: to put an export on the clipboard. */
const allowedPermissions: ReadonlySet<string> = new Set(['clipboard-sanitized-write']);

type GuardedSession = Pick<
  Session,
  'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
> & { readonly webRequest: Pick<Session['webRequest'], 'onBeforeRequest'> };

/** Denies a page of the app everything but showing the interface, whatever code should ever come to run in it. */
export function guardSession(session: GuardedSession, devUrl: string | undefined): void {
  session.setPermissionRequestHandler((contents, permission, decide) => {
    decide(allowedPermissions.has(permission) && isInterfaceUrl(contents.getURL(), devUrl));
  });
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => allowedPermissions.has(permission) && isInterfaceUrl(origin, devUrl),
  );
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest(({ url }, decide) => {
    decide({ cancel: !mayLoad(url, devUrl) });
  });
}

function mayLoad(url: string, devUrl: string | undefined): boolean {
  if (isInterfaceUrl(url, devUrl) || /^(devtools|data|blob):/.test(url)) return true;
  // The development server's own socket, by which changes arrive.
  return devUrl !== undefined && isInterfaceUrl(url.replace(/^ws/, 'http'), devUrl);
}

type GuardedContents = Pick<WebContents, 'on' | 'setWindowOpenHandler'>;

/** No page leaves the interface, opens a window or embeds another page. */
export function guardContents(contents: GuardedContents, devUrl: string | undefined): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (details) => {
    if (!isInterfaceUrl(details.url, devUrl)) details.preventDefault();
  });
  contents.on('will-redirect', (details) => {
    if (!isInterfaceUrl(details.url, devUrl)) details.preventDefault();
  });
}

/** Guards every page there will ever be, the first included: to be called before any window is made. */
export function guardEveryPage(app: Pick<App, 'on'>, devUrl: string | undefined): void {
  app.on('web-contents-created', (_event, contents) => guardContents(contents, devUrl));
}
