import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { until } from './until.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** `BALLAST_OUT` names another build, for somebody who works while others build. */
const out = process.env.BALLAST_OUT ?? join(root, 'out');
const demoService = join(root, 'resources/demo-service/server.mjs');

/** A running `ballast up` on a workspace of its own, with demo replicas behind its servers. */
export interface RunningBallast {
  /** Address of the interface, with its token. */
  readonly control: string;
  /** By name: `http://127.0.0.1:PORT`. */
  readonly listeners: Readonly<Record<string, string>>;
  /** Path of its ballast.yaml. */
  readonly file: string;
  readonly child: ChildProcess;
  /** What it holds at this moment. */
  readText(): Promise<string>;
  stop(): Promise<void>;
}

export interface BallastOptions {
  /** More lines for ballast.yaml under pool `api`, indented by four spaces. */
  readonly api?: string;
  /** More of listener `web`, e.g. `limits: { maxConnections: 3 }`. */
  readonly web?: string;
  /** More of a server, by its name, e.g. `backup: true`. */
  readonly servers?: Readonly<Record<string, string>>;
  /** Name of the file, `ballast.yaml` where it is left out. */
  readonly file?: string;
  readonly args?: readonly string[];
}

/**
 * Two pools, each with a listener of its own: `web` leads to `api` (api-1, api-2, api-3), `admin` to `canary` (canary-1,
 * canary-2). Every server is a real process that names itself in its answers.
 */
export async function startBallast({
  api = '',
  web = '',
  servers = {},
  file: fileName = 'ballast.yaml',
  args = [],
}: BallastOptions = {}): Promise<RunningBallast> {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-interface-'));
  const file = join(folder, fileName);
  const ports = await freePorts(5);
  const server = (name: string, port: number) =>
    `      - { name: ${name}, address: 127.0.0.1:${port}${servers[name] ? `, ${servers[name]}` : ''} }\n`;
  const command = `"${process.execPath}" "${demoService}"`;
  await writeFile(
    file,
    `version: 1
# Written for a test of the interface.
listeners:
  - { name: web, bind: 127.0.0.1:0, pool: api${web && `, ${web}`} }
  - { name: admin, bind: 127.0.0.1:0, pool: canary }
pools:
  - name: api
    healthCheck: { type: http, path: /health, interval: 250ms }
${api}    servers:
${ports
  .slice(0, 3)
  .map((port, index) => server(`api-${index + 1}`, port))
  .join('')}  - name: canary
    healthCheck: { type: http, path: /health, interval: 250ms }
    servers:
${ports
  .slice(3)
  .map((port, index) => server(`canary-${index + 1}`, port))
  .join('')}replicas:
  - { name: api, command: '${command}', ports: [${ports.slice(0, 3).join(', ')}] }
  - { name: canary, command: '${command}', ports: [${ports.slice(3).join(', ')}] }
`,
  );
  const child = spawn(
    process.execPath,
    [join(out, 'main/cli.js'), 'up', file, '--json', '--no-open', '--control-port', '0', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  const ready = await firstReady(child, () => said);
  return {
    control: ready.control,
    listeners: Object.fromEntries(ready.listeners.map(({ name, url }) => [name, url])),
    file,
    child,
    readText: () => readFile(file, 'utf8'),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Ready {
  readonly control: string;
  readonly listeners: readonly { readonly name: string; readonly url: string }[];
}

function firstReady(child: ChildProcess, said: () => string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ballast ended with ${code}: ${said()}`)));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const told = JSON.parse(line) as { event?: string };
      if (told.event === 'ready') resolve(told as unknown as Ready);
    });
  });
}

export interface OpenOptions {
  readonly theme?: 'dark' | 'light';
  readonly width?: number;
  readonly height?: number;
}

/** A page of its own (nothing remembered from another test) that shows the interface; its errors fail `page.faults()`. */
export async function openInterface(
  browser: Browser,
  { control }: Pick<RunningBallast, 'control'>,
  { theme = 'dark', width = 1600, height = 960 }: OpenOptions = {},
): Promise<Page & { faults(): readonly string[] }> {
  const context = await browser.newContext({ colorScheme: theme, viewport: { width, height } });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.goto(control);
  await page.getByRole('navigation', { name: 'Screens' }).waitFor();
  return Object.assign(page, { faults: () => faults });
}

/** Which server answered each of `count` requests, one after the other. */
export async function whoAnswers(url: string, count: number): Promise<readonly string[]> {
  const names: string[] = [];
  for (let asked = 0; asked < count; asked++) {
    const response = await fetch(url, { headers: { accept: 'application/json' } });
    if (!response.ok) names.push(String(response.status));
    else names.push(((await response.json()) as { server: string }).server);
  }
  return names;
}

/** Waits until requests are answered by exactly these servers, each at least once. */
export function answersComeFrom(url: string, names: readonly string[]): Promise<unknown> {
  const wanted = [...names].sort().join(' ');
  return until(
    `${url} answered by ${wanted}`,
    async () => {
      const seen = [...new Set(await whoAnswers(url, names.length * 3))].sort().join(' ');
      if (seen !== wanted) throw new Error(`answered by ${seen}`);
      return true;
    },
    20_000,
  );
}
