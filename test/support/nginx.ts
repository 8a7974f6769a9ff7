import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Path of the real nginx. Never skips: throws with what to install. */
export function nginxPath(): string {
  for (const path of [process.env.BALLAST_NGINX, 'nginx', '/usr/sbin/nginx', '/opt/homebrew/bin/nginx']) {
    if (path && spawnSync(path, ['-v']).status === 0) return path;
  }
  throw new Error(
    'nginx was not found; install it (Debian: apt-get install nginx-light) or set BALLAST_NGINX to its path',
  );
}

/** A private folder for nginx with the exported file in it. Only places of logs and temporary files are added to the export. */
export function nginxFolder(text: string): { folder: string; file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-nginx-'));
  mkdirSync(join(folder, 'tmp'));
  const file = join(folder, 'nginx.conf');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (each) => `${each}_temp_path tmp/${each};`,
  );
  const inside = text.replace('\nhttp {\n', `\nhttp {\naccess_log off;\n${places.join('\n')}\n`);
  writeFileSync(file, `pid ${folder}/nginx.pid;\n${inside}`);
  return { folder, file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What `nginx -t` says; `ok` when it accepts the text. */
export function testNginx(text: string): { ok: boolean; said: string } {
  const { folder, file, remove } = nginxFolder(text);
  try {
    const result = spawnSync(nginxPath(), ['-t', '-e', 'stderr', '-p', folder, '-c', file], {
      encoding: 'utf8',
    });
    return { ok: result.status === 0 && !/\[(warn|emerg|alert)\]/.test(result.stderr), said: result.stderr };
  } finally {
    remove();
  }
}

/** Runs nginx with the text until `stop`. */
export function startNginx(text: string): { stop(): Promise<void>; said(): string } {
  const { folder, file, remove } = nginxFolder(text);
  const child: ChildProcess = spawn(
    nginxPath(),
    ['-e', 'stderr', '-p', folder, '-c', file, '-g', 'daemon off;'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  return {
    said: () => said,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.kill('SIGTERM')) await gone;
      remove();
    },
  };
}
