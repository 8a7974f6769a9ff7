import { basename } from 'node:path';
import type { ConfigNote } from '@shared/config/lint/lint-rule.ts';
import type { ConfigProblem } from '@shared/config/parse.ts';
import type { Note } from '@shared/contract/system-values.ts';
import type { Failure } from './failure.ts';

export type Tone = 'good' | 'bad' | 'neutral' | 'faint' | 'strong';

/** What a command writes: text for a person, or one JSON object per line. */
export interface Output {
  readonly json: boolean;
  /** To standard output. */
  line(text: string): void;
  object(value: unknown): void;
  /** To standard error. */
  note(text: string): void;
  /** Coloured where the terminal shows colour and nobody asked for none (NO_COLOR). */
  paint(tone: Tone, text: string): string;
}

const codes: Readonly<Record<Tone, string>> = {
  good: '32',
  bad: '31',
  neutral: '0',
  faint: '2',
  strong: '1',
};

export function createOutput({ json }: { json: boolean }): Output {
  const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  const paint = (tone: Tone, text: string): string =>
    coloured && tone !== 'neutral' ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text;
  return {
    json,
    line: (text) => void process.stdout.write(`${text}\n`),
    object: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    paint,
  };
}

/** A problem with its place, the way compilers write it, the line itself and a caret below. */
export function problemText(file: string, { message, line, column, excerpt }: ConfigProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const first = `${place}  ${message}`;
  if (line === undefined || !excerpt?.trim()) return first;
  const gutter = `  ${line} | `;
  // Tabs stay tabs, so that the caret stands below the same column.
  const before = excerpt.slice(0, (column ?? 1) - 1).replace(/[^\t]/g, ' ');
  return `${first}\n${gutter}${excerpt}\n${' '.repeat(gutter.length)}${before}^`;
}

/** The same for a setting without effect. */
export function noteText(file: string, note: ConfigNote): string {
  return problemText(file, { ...note, message: `note: ${note.message} (${note.rule})` });
}

/** In one line. */
export function noteLine(file: string, { message, line, column, rule }: Note): string {
  return `${file}${line === null ? '' : `:${line}:${column ?? 1}`}  note: ${message} (${rule})`;
}

export function noteObject(file: string, note: ConfigNote): object {
  const { rule, settings, pool } = note;
  return { event: 'note', ...problemObject(file, note), rule, settings, pool };
}

/** Says why a command ends: problems with their places, or the one sentence. */
export function tellFailure(output: Output, failure: Failure): void {
  const { message, problems, file } = failure;
  const name = file ?? 'ballast.yaml';
  if (output.json) {
    if (problems.length === 0) output.object({ event: 'error', message });
    for (const problem of problems) output.object({ event: 'error', ...problemObject(name, problem) });
    return;
  }
  if (problems.length === 0) output.note(`ballast: ${message}`);
  for (const problem of problems) output.note(problemText(relativeName(name), problem));
}

export function problemObject(file: string, { message, line, column, excerpt, path }: ConfigProblem): object {
  return { file, line: line ?? null, column: column ?? null, message, excerpt: excerpt ?? null, path };
}

/** Short where the file lies in the current folder. */
function relativeName(file: string): string {
  return file.startsWith(`${process.cwd()}/`) && !file.slice(process.cwd().length + 1).includes('/')
    ? basename(file)
    : file;
}
