/** Where the interface lives inside the desktop app: an origin of its own that no web page can have. */
export const appScheme = 'app';
export const appOrigin = 'app://ballast';
export const appUrl = `${appOrigin}/index.html`;

/** True for pages of the interface: `app://ballast/…`, or the development server's where there is one. */
export function isInterfaceUrl(url: string, devUrl: string | undefined): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host } = new URL(url);
  const origin = `${protocol}//${host}`;
  return origin === appOrigin || (devUrl !== undefined && origin === new URL(devUrl).origin);
}
