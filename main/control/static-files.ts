import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

export interface StaticFile {
  readonly type: string;
  /** The name carries a hash of the content: it never changes. */
  readonly immutable: boolean;
  read(): Promise<Buffer>;
}

export interface StaticFiles {
  /** @param path of a URL, as it came: still encoded, without its query. */
  find(path: string): Promise<StaticFile | undefined>;
}

/**
 * The files below a folder by their URL path. A request only looks up a name in the list of what is there, so that no path, however
 * written, leads out of the folder. The folder is listed anew when a name is missing, for an interface built meanwhile.
 */
export function createStaticFiles(root: string): StaticFiles {
  let files = new Map<string, StaticFile>();
  const list = async (): Promise<void> => {
    const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    files = new Map(
      found
        .filter((entry) => entry.isFile())
        .map((entry) => {
          const full = join(entry.parentPath, entry.name);
          const path = full.slice(root.length).split(sep).join('/');
          return [path.startsWith('/') ? path : `/${path}`, describe(full, path)] as const;
        }),
    );
  };
  return {
    async find(path) {
      const wanted = path === '/' ? '/index.html' : path;
      if (!files.has(wanted)) await list();
      return files.get(wanted);
    },
  };
}

function describe(full: string, path: string): StaticFile {
  return {
    type: types[extname(full)] ?? 'application/octet-stream',
    immutable: path.includes('/assets/'),
    read: () => readFile(full),
  };
}
