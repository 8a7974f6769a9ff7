import { resolve } from 'node:path';
import { isLoopback } from '@shared/config/address.ts';
import { connect } from '@shared/contract/client.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { type BallastEvent, type EventKind, standingEventKinds } from '@shared/contract/event-values.ts';
import { memoryChannel } from '@shared/contract/memory-channel.ts';
import type { ListenerStatus, Note, WorkspaceStatus } from '@shared/contract/system-values.ts';
import { eventText } from '@shared/lib/event-text.ts';
import { type ControlServer, controlPath, startControlServer } from '../control/http-server.ts';
import { createOwner, fullGrant, type Owner, readOnlyGrant } from '../control/owner.ts';
import { describeHolder, findPortHolder } from '../control/port-holder.ts';
import { writeRun } from '../control/run-file.ts';
import { createDemoWorkspace, type DemoWorkspace } from '../workspace/demo.ts';
import { exitCodes, Failure } from './failure.ts';
import { type OpenedBrowser, openBrowser } from './open-browser.ts';
import { noteLine, type Output } from './output.ts';
import { followSharedNames } from './shared-names.ts';
import { clockTime } from './table.ts';

export const defaultControlPort = 9900;
const demoListenerPort = 8080;

/** Where the built parts lie. */
export interface BuiltParts {
  readonly workerPath: string;
  readonly rendererDir: string;
  readonly version: string;
}

export interface RunOptions {
  /** Undefined: the default, or the next free one. */
  readonly controlPort?: number | undefined;
  readonly controlHost: string;
  readonly open: boolean;
  readonly readOnly: boolean;
}

/** Events worth a line in the terminal of somebody who keeps Ballast running. */
const toldKinds: readonly EventKind[] = [
  ...standingEventKinds,
  'drain-ended',
  'replica-exited',
  'config-applied',
  'config-refused',
  'limit-reached',
  'name-failed',
  'name-resolved',
  'threads-changed',
  'thread-crashed',
  'thread-restarted',
  'engine-crashed',
  'engine-restarted',
];

/** Runs Ballast until it is told to stop. @param file of the workspace; undefined for the demo */
export async function runBallast(
  output: Output,
  file: string | undefined,
  options: RunOptions,
  parts: BuiltParts,
): Promise<void> {
  const stopAsked = stopSignal();
  const log = (text: string): void => output.note(`ballast: ${text}`);
  const demo =
    file === undefined ? await createDemoWorkspace({ preferredPort: demoListenerPort }) : undefined;
  const owner = createOwner({
    path: demo?.path ?? resolve(file ?? 'ballast.yaml'),
    demo: demo !== undefined,
    generate: demo !== undefined,
    workerPath: parts.workerPath,
    version: parts.version,
    log,
  });
  let control: ControlServer | undefined;
  let run: { remove(): void } | undefined;
  let opened: OpenedBrowser | undefined;
  // Also at a second Ctrl-C, which waits for nothing.
  process.once('exit', () => {
    run?.remove();
    opened?.remove();
    demo?.cleanupNow();
  });
  try {
    const starting = start(owner, file);
    // Whoever ends it while a replica is slow to come up does not wait for that.
    const listeners = await Promise.race([starting, stopAsked]);
    if (!listeners) {
      starting.catch(() => {}); // it was cut short
      return;
    }
    control = await listen(owner, options, parts, log);
    run = announce(control, demo ? 'demo' : resolve(file ?? ''), log);
    const notes = [demo?.portNote, portNote(control, options), reachNote(control)].filter(
      (note) => note !== null && note !== undefined,
    );
    ready(output, control, listeners, notes, parts.version);
    await tellEvents(output, owner);
    if (file !== undefined) await tellNotes(output, owner, file);
    if (options.open) {
      opened = await openBrowser(control.url);
      if (!opened) output.note('There is no browser to open here: open the interface address above in one.');
    }
    await stopAsked;
    if (!output.json) output.note('Stopping: running requests finish first. Once more stops at once.');
  } finally {
    run?.remove();
    opened?.remove();
    await owner.stop();
    await control?.close();
    await cleanUp(demo, log);
  }
}

async function start(owner: Owner, file: string | undefined): Promise<readonly ListenerStatus[]> {
  try {
    return await owner.start();
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    throw new Failure(error.message, {
      exitCode: exitCodes.usage,
      problems: error.problems ?? [],
      ...(file !== undefined && { file }),
    });
  }
}

async function listen(
  owner: Owner,
  { controlPort, controlHost, readOnly }: RunOptions,
  { rendererDir }: BuiltParts,
  log: (text: string) => void,
): Promise<ControlServer> {
  const host = controlHost;
  const port = controlPort ?? defaultControlPort;
  const grant = readOnly ? readOnlyGrant : fullGrant;
  const nextFree = controlPort === undefined;
  try {
    return await startControlServer({ owner, rendererDir, host, port, nextFree, grant, log });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') {
      throw new Failure(`the control endpoint cannot listen on ${host}, port ${port}: ${message}`, {
        exitCode: exitCodes.usage,
      });
    }
    const holder = await findPortHolder({ host, port });
    const who = holder ? describeHolder(holder) : 'another process';
    throw new Failure(
      `control port ${port} on ${host} is held by ${who}; stop it, or give another with --control-port`,
      { exitCode: exitCodes.usage },
    );
  }
}

/** Lets `ballast status` and its kin find this one. Without it they do not, and everything else works. */
function announce(
  control: ControlServer,
  title: string,
  log: (text: string) => void,
): { remove(): void } | undefined {
  const { port, token, url } = control;
  const { host } = new URL(url);
  try {
    return writeRun({ pid: process.pid, socket: `ws://${host}${controlPath}`, port, token, title });
  } catch (error) {
    log(`other command lines will not find this one: ${(error as Error).message}`);
    return undefined;
  }
}

function portNote({ port }: ControlServer, { controlPort }: RunOptions): string | null {
  if (controlPort !== undefined || port === defaultControlPort) return null;
  return `Control port ${defaultControlPort} is taken; the interface is on ${port}.`;
}

function reachNote({ host }: ControlServer): string | null {
  if (isLoopback(host)) return null;
  return `The interface can be reached from other machines on ${host}: whoever has its address with the token can act.`;
}

function ready(
  output: Output,
  control: ControlServer,
  listeners: readonly ListenerStatus[],
  notes: readonly string[],
  version: string,
) {
  if (output.json) {
    const named = listeners.map(({ name, url }) => ({ name, url }));
    return output.object({ event: 'ready', control: control.url, listeners: named, notes });
  }
  const width = Math.max('interface'.length, ...listeners.map(({ name }) => name.length));
  output.line(output.paint('strong', `Ballast ${version} is ready.`));
  for (const { name, url } of listeners) output.line(`  ${name.padEnd(width)}  ${url}`);
  output.line(`  ${'interface'.padEnd(width)}  ${control.url}`);
  for (const note of notes) output.line(note);
  output.line(output.paint('faint', 'Ctrl-C stops.'));
}

async function tellEvents(output: Output, owner: Owner): Promise<void> {
  const [mine, theirs] = memoryChannel();
  owner.serve(theirs, readOnlyGrant);
  const client = await connect(mine);
  const shared = await followSharedNames(client);
  const { events } = await client.call('event.list', { limit: 1 });
  client.log(
    'events',
    ({ entries }) => {
      for (const event of entries) if (toldKinds.includes(event.kind)) tell(output, event, shared());
    },
    events.at(-1)?.sequence ?? 0,
  );
}

/** Settings that have no effect, once each, also those that a change brings. */
async function tellNotes(output: Output, owner: Owner, file: string): Promise<void> {
  const [mine, theirs] = memoryChannel();
  owner.serve(theirs, readOnlyGrant);
  const client = await connect(mine);
  let known = new Set<string>();
  const tellNew = (notes: readonly Note[]): void => {
    const keys = notes.map(({ rule, message }) => `${rule} ${message}`);
    for (const [index, note] of notes.entries())
      if (!known.has(keys[index]!)) output.note(noteLine(file, note));
    known = new Set(keys);
  };
  const look = (entries: readonly (readonly [string, unknown])[]): void => {
    for (const [key, value] of entries) if (key === 'workspace') tellNew((value as WorkspaceStatus).notes);
  };
  client.state('system', { onSnapshot: look, onChange: look });
}

function tell(output: Output, event: BallastEvent, shared: ReadonlySet<string>) {
  const { kind, atMs, text, tone, server } = event;
  if (output.json) return output.object({ event: kind, atMs, text, server });
  output.line(`${clockTime(atMs)}  ${output.paint(tone, eventText(event, shared))}`);
}

async function cleanUp(demo: DemoWorkspace | undefined, log: (text: string) => void): Promise<void> {
  await demo?.cleanup().catch((error: Error) => log(`the demo's folder stays behind: ${error.message}`));
}

/** Resolves at the first wish to stop; the second ends the process there and then. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve();
      });
    }
  });
}
