import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Address } from '@shared/config/address.ts';

/** A process that listens on a port of this machine. */
export interface PortHolder {
  readonly pid: number;
  /** What it was started with, as far as the system tells. */
  readonly command: string;
  /** It runs as the same user as Ballast. */
  readonly sameUser: boolean;
}

const run = promisify(execFile);
/** A system tool that takes longer is not worth waiting for: the answer only makes a message better. */
const toolOptions = { timeout: 3_000, windowsHide: true } as const;

/** Finds who listens at that address; undefined where nobody does or the system does not tell. Never throws. */
export async function findPortHolder(address: Address): Promise<PortHolder | undefined> {
  try {
    if (process.platform === 'linux') return await fromProc(address);
    if (process.platform === 'win32') return await fromNetstat(address);
    return await fromLsof(address);
  } catch {
    return undefined;
  }
}

async function fromProc({ host, port }: Address): Promise<PortHolder | undefined> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  const sockets = new Set(
    tables
      .flatMap(listeningSockets)
      .filter((socket) => socket.port === port && covers(socket.address, host))
      .map(({ inode }) => `socket:[${inode}]`),
  );
  if (sockets.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []); // another user's process, or one that just ended
    for (const file of files) {
      const link = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '');
      if (!sockets.has(link)) continue;
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
      const { uid } = await stat(`/proc/${pid}`);
      return {
        pid: Number(pid),
        command: words.filter((word) => word !== '').join(' '),
        sameUser: uid === process.getuid?.(),
      };
    }
  }
  return undefined;
}

interface ListeningSocket {
  /** As the kernel writes it: hexadecimal, each 32-bit group in the machine's own byte order. */
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** Reads the lines of /proc/net/tcp whose state is LISTEN (0A). */
function listeningSockets(table: string): ListeningSocket[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [address, port] = (fields[1] ?? '').split(':');
      if (fields[3] !== '0A' || address === undefined || port === undefined) return [];
      return [{ address, port: Number.parseInt(port, 16), inode: fields[9]! }];
    });
}

/** Whether a socket bound to this kernel address takes connections for, or stands in the way of, that host. */
function covers(kernelAddress: string, host: string): boolean {
  if (/^0+$/.test(kernelAddress)) return true;
  const own = kernelForms(host);
  return own === undefined || own.includes(kernelAddress.toUpperCase());
}

/** How the kernel (little-endian, as on every machine Node runs on today) writes the address; undefined for a name. */
function kernelForms(host: string): string[] | undefined {
  if (host === '::1') return ['00000000000000000000000001000000'];
  const parts = host.split('.').map(Number);
  if (parts.length !== 4 || parts.some(Number.isNaN)) return undefined;
  const v4 = parts
    .reverse()
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
  return [v4, `0000000000000000FFFF0000${v4}`];
}

async function fromLsof({ port }: Address): Promise<PortHolder | undefined> {
  const found = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpu'], toolOptions);
  const pid = Number(/^p(\d+)$/m.exec(found.stdout)?.[1]);
  const uid = Number(/^u(\d+)$/m.exec(found.stdout)?.[1]);
  if (!Number.isInteger(pid)) return undefined;
  const listed = await run('ps', ['-o', 'command=', '-p', String(pid)], toolOptions);
  return { pid, command: listed.stdout.trim(), sameUser: uid === process.getuid?.() };
}

async function fromNetstat({ port }: Address): Promise<PortHolder | undefined> {
  const found = await run('netstat', ['-ano', '-p', 'TCP'], toolOptions);
  const line = found.stdout.split(/\r?\n/).find((each) => {
    const fields = each.trim().split(/\s+/);
    return fields[3] === 'LISTENING' && fields[1]?.endsWith(`:${port}`);
  });
  const pid = Number(line?.trim().split(/\s+/)[4]);
  if (!Number.isInteger(pid)) return undefined;
  const listed = await run('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'], toolOptions);
  // Windows refuses to end a process of somebody else by itself, so there the attempt may be made.
  return { pid, command: /^"([^"]+)"/.exec(listed.stdout.trim())?.[1] ?? '', sameUser: true };
}

/** For a message: `"node server.js" (pid 1234)`; long command lines are cut. */
export function describeHolder({ pid, command }: PortHolder): string {
  if (pid === process.pid) return `this Ballast (pid ${pid})`;
  const short = command.length > 80 ? `${command.slice(0, 79)}…` : command;
  return short === '' ? `pid ${pid}` : `"${short}" (pid ${pid})`;
}
