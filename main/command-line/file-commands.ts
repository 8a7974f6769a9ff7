import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ParsedConfig } from '@shared/config/parse.ts';
import type { Config } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { dialects } from '../dialect/registry.ts';
import { whyPortsCannotBeShared } from '../engine/threads/reuse-port.ts';
import type { WorkspaceDocument } from '../workspace/document.ts';
import { openWorkspace } from '../workspace/workspace.ts';
import { exitCodes, Failure } from './failure.ts';
import { unwritten } from './file-errors.ts';
import { noteObject, noteText, type Output, problemObject, problemText } from './output.ts';

/** Commands that need a file and no running Ballast. */

/** @param strict settings without effect are a failure too */
export async function check(
  output: Output,
  file: string,
  { strict = false }: { strict?: boolean } = {},
): Promise<number> {
  const document = await read(file);
  const parsed = await checkHere(document);
  if (parsed.ok) {
    const { listeners, pools } = parsed.config;
    const servers = pools.reduce((sum, pool) => sum + pool.servers.length, 0);
    if (!output.json) {
      output.line(
        `${file} is good: ${count(listeners.length, 'listener')}, ${count(pools.length, 'pool')}, ${count(servers, 'server')}`,
      );
    }
    const notes = document.notes();
    for (const note of notes) {
      if (output.json) output.object(noteObject(file, note));
      else output.line(noteText(file, note));
    }
    return strict && notes.length > 0 ? exitCodes.failed : exitCodes.done;
  }
  for (const problem of parsed.problems) {
    if (output.json) output.object(problemObject(file, problem));
    else output.line(problemText(file, problem));
  }
  return exitCodes.usage;
}

/** Also what is right in itself and cannot run on this system. */
async function checkHere(document: WorkspaceDocument): Promise<ParsedConfig> {
  const parsed = document.check();
  if (!parsed.ok || parsed.config.dataPlane.threads === 1) return parsed;
  const message = await whyPortsCannotBeShared();
  if (message === null) return parsed;
  return { ok: false, problems: [document.locate({ path: ['dataPlane', 'threads'], message })] };
}

export async function exportConfig(
  output: Output,
  dialect: string,
  file: string,
  options: { targetVersion?: string; output?: string },
): Promise<void> {
  if (!isDialect(dialect)) {
    throw new Failure(`there is no dialect "${dialect}"; write one of ${Object.keys(dialects).join(', ')}`, {
      exitCode: exitCodes.usage,
    });
  }
  const config = await readConfig(file);
  const rendered = render(dialect, config, options.targetVersion);
  if (options.output !== undefined) await save(options.output, rendered.text);
  if (output.json) {
    return output.object(
      options.output === undefined ? rendered : { ...rendered, path: resolve(options.output) },
    );
  }
  if (options.output === undefined) process.stdout.write(rendered.text);
  else output.note(`written to ${options.output}`);
  for (const { level, message } of rendered.notes) output.note(`${level}: ${message}`);
}

function isDialect(text: string): text is keyof typeof dialects {
  return Object.hasOwn(dialects, text);
}

function render(dialect: keyof typeof dialects, config: Config, targetVersion: string | undefined) {
  try {
    return dialects[dialect](config, { targetVersion });
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    throw new Failure(error.message, { exitCode: exitCodes.usage });
  }
}

async function save(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw unwritten(path, error);
  }
}

/** The configuration in a file. @throws Failure with its problems */
export async function readConfig(file: string): Promise<Config> {
  const parsed = (await read(file)).check();
  if (parsed.ok) return parsed.config;
  throw new Failure(`${file} has problems`, { exitCode: exitCodes.usage, problems: parsed.problems, file });
}

async function read(file: string) {
  try {
    const workspace = await openWorkspace(resolve(file), { log: () => {} });
    workspace.close();
    return workspace.document;
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    throw new Failure(error.message, { exitCode: exitCodes.usage, problems: error.problems ?? [], file });
  }
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
