import { readFile } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import type { CustomScheme } from 'electron';
import { contentSecurityPolicy } from '../control/content-security-policy.ts';
import { appOrigin, appScheme } from './app-origin.ts';

/** To be registered before the app is ready: a standard, secure origin, as https would be. */
export const appSchemePrivileges: CustomScheme = {
  scheme: appScheme,
  privileges: { standard: true, secure: true, supportFetchAPI: true },
};

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** Answers `app://ballast/…` with the built interface from `folder`, under the same policy as over HTTP. */
export function createAppHandler(
  folder: string,
): (request: Pick<Request, 'url' | 'method'>) => Promise<Response> {
  const inside = resolve(folder) + sep;
  return async ({ url, method }) => {
    const path = filePath(inside, url);
    const type = path && types[extname(path)];
    if (!path || !type) return refusal(404);
    if (method !== 'GET' && method !== 'HEAD') return refusal(405);
    try {
      return new Response(new Uint8Array(await readFile(path)), {
        headers: { ...guards, 'content-type': type },
      });
    } catch {
      return refusal(404);
    }
  };
}

const guards = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

function refusal(status: 404 | 405): Response {
  return new Response(status === 404 ? 'not found' : 'not allowed', {
    status,
    headers: { ...guards, 'content-type': 'text/plain; charset=utf-8' },
  });
}

/** The file a URL means, if it lies inside the folder. */
function filePath(inside: string, url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, pathname } = new URL(url);
  if (`${protocol}//${host}` !== appOrigin) return undefined;
  try {
    const path = decodeURIComponent(pathname);
    if (path.includes('\0') || path.includes('\\')) return undefined;
    const full = resolve(inside, `.${path === '/' ? '/index.html' : path}`);
    return full.startsWith(inside) ? full : undefined;
  } catch {
    return undefined; // a stray % in the URL
  }
}
