import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asWritten } from '@shared/config/as-written.ts';
import { parseConfig } from '@shared/config/parse.ts';
import { idempotentMethods } from '@shared/config/retry-schema.ts';
import { splitCommand } from '@shared/lib/command-line.ts';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { withSettings, withWeights } from '../../../main/command-line/change-settings.ts';
import { createProgram, type Run } from '../../../main/command-line/program.ts';
import { poolOf } from '../../../main/command-line/recording-file.ts';
import { parseDocument } from '../../../main/workspace/document.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';
import {
  commandsOf,
  filesWith,
  type GuidePage,
  guidePages,
  keysNamed,
  pageOf,
  wholeFile,
} from '../../support/guide-pages.ts';

const pages = guidePages();
const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** Of a page, what is not so. */
type Check = (page: GuidePage) => string[];

/** Files, and parts of files, run as they stand, and say nothing without effect. */
const wrongFiles: Check = ({ blocks }) =>
  blocks
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ text }) => {
      const document = parseDocument(wholeFile(text));
      const parsed = document.check();
      const found = parsed.ok ? document.notes() : parsed.problems;
      return found.map(({ line, message }) => `${line}: ${message}`);
    });

/** `key: value` within a line, wherever in the file it may stand. What begins with a capital is a field of a message. */
const wrongSettings: Check = ({ spans }) =>
  spans.flatMap((span) => {
    const [, key, text] = /^([a-z][\w.]*): (.+)$/.exec(span) ?? [];
    if (key === undefined || text === undefined) return [];
    return filesWith(key, parse(text)).some((file) => parseConfig(file).ok) ? [] : [span];
  });

/** Words that look like keys and are something else: figures of the status, and names in the schema of the engine. */
const otherWords = ['notEjected', 'inPanic'];

/** `retry.budgetPercent`, `maxSessions`: keys that there are. */
const wrongKeys: Check = ({ spans }) =>
  spans
    .filter((span) => /^[a-z]\w*(\.[a-z]\w*)+$/.test(span) || /^[a-z]+[A-Z]\w*$/.test(span))
    .filter((span) => !/\.(ts|md|yaml|jsonl|json|mjs|conf)$/.test(span) && !otherWords.includes(span))
    .filter((span) => keysNamed(span).length === 0);

/** What a page says is the default: in a table `key: value`, in a sentence `key` (value). */
function defaultsSaid({ name, text }: GuidePage): { key: string; value: string }[] {
  const rows = [...text.matchAll(/^\| `([a-zA-Z.]+): (\S+)`/gm)];
  const sentences = [...text.matchAll(/`([a-zA-Z.]+)` \(`?(\d[\d,]*[a-z%]*)`?(?:[;,][^)]*)?\)/g)];
  const comments = [...text.matchAll(/^\s*(\w+): \S+ +# \d+ to \d+; (\S+) when left out/gm)];
  const journal = name.endsWith('replay.md')
    ? [...text.matchAll(/(journalRequests) requests \(([\d,]+);/g)]
    : [];
  return [...rows, ...sentences, ...comments, ...journal].map(([, key, value]) => ({
    key: key!,
    value: value!.replaceAll(',', ''),
  }));
}

const wrongDefaults: Check = (page) =>
  defaultsSaid(page)
    .filter(({ key, value }) => !keysNamed(key).some((each) => String(each.default) === value))
    .map(({ key, value }) => `${key}: ${value}`);

const dryRun: Run =
  () =>
  async (...given) => {
    const at = given.findIndex((each) => typeof each === 'object' && each !== null && 'set' in each);
    if (at >= 0) tryReplay(given[at] as unknown as { weights?: string; set: string[] });
  };

/** The settings of a shown `ballast replay` are settings. Throws where one is not. */
function tryReplay({ weights, set }: { weights?: string; set: string[] }): void {
  let pool = asWritten(poolConfig({ servers: serversNamed({ 'api-1': 1, 'api-2': 1 }) }));
  if (weights !== undefined) pool = withWeights(pool, weights);
  poolOf(withSettings(pool, set), 'the guide');
}

/** Commands that there are, with the arguments and options shown. */
async function wrongCommands(page: GuidePage): Promise<string[]> {
  const wrong: string[] = [];
  for (const { words, isProse } of commandsOf(page)) {
    const said: string[] = [];
    const program = createProgram(dryRun, { version: '0' } as never, (text) => said.push(text));
    try {
      await program.parseAsync(['node', ...splitCommand(words)!]);
    } catch (error) {
      // A sentence may name a command without what belongs to it.
      const isShort =
        isProse && error instanceof CommanderError && error.code === 'commander.missingArgument';
      if (!isShort) wrong.push(`${words}: ${(error as Error).message}`);
    }
  }
  return wrong;
}

const known = createProgram(dryRun, { version: '0' } as never, () => {});
const options = new Set(
  [known, ...known.commands, ...known.commands.flatMap(({ commands }) => commands)].flatMap((command) =>
    command.options.flatMap(({ long, short }) => [long, short]),
  ),
);

const wrongOptions: Check = ({ spans }) =>
  spans.filter((span) => /^--?[a-z]/.test(span) && !options.has(span.split(' ')[0]!));

const wrongScripts: Check = ({ text }) =>
  [...text.matchAll(/npm (?:run )?(\w+)/g)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'link' && !Object.hasOwn(scripts, name));

describe.each(pages.map((page) => [page.name, page] as const))('%s', (_name, page) => {
  it('shows settings and files that run, and names keys that there are, with their defaults', () => {
    expect([wrongFiles(page), wrongSettings(page), wrongKeys(page), wrongDefaults(page)].flat()).toEqual([]);
  });

  it('shows commands that there are, with their options', async () => {
    expect([...(await wrongCommands(page)), ...wrongOptions(page), ...wrongScripts(page)]).toEqual([]);
  });
});

describe('the guides', () => {
  it('are read: what they show is found', () => {
    const all = (what: (page: GuidePage) => readonly unknown[]) => pages.flatMap(what).length;
    expect(all(commandsOf)).toBeGreaterThan(30);
    expect(all(defaultsSaid)).toBeGreaterThan(5);
    expect(all(({ blocks }) => blocks.filter(({ language }) => language === 'yaml'))).toBeGreaterThan(1);
  });

  it('name the methods that may be sent again, and the ways to fail, as the schema has them', () => {
    const retries = pages.find(({ name }) => name.endsWith('retries.md'))!.text;
    expect(retries).toContain(`| ${idempotentMethods.join(', ')} |`);
  });

  it('are found wrong where they are', async () => {
    const page = pageOf(
      'wrong.md',
      [
        'Say `retry.atempts` or `maxSesions`, `retry: { attempts: 99 }`, `strategy: best`, `attempts` (4), `--nope`, `npm run nope`.',
        'Then `ballast record --pools x`, `ballast nope`, `ballast server drain|stop a/b`.',
        '```sh\nballast replay run.jsonl --set retry.atempts=1   # again\nballast replay\n```',
        '```yaml\ndataPlane:\n  threads: 400\n```',
        '',
      ].join('\n'),
    );
    expect(wrongKeys(page)).toEqual(['retry.atempts', 'maxSesions']);
    expect(wrongSettings(page)).toEqual(['retry: { attempts: 99 }', 'strategy: best']);
    expect(wrongDefaults(page)).toEqual(['attempts: 4']);
    expect(wrongOptions(page)).toEqual(['--nope']);
    expect(wrongScripts(page)).toEqual(['nope']);
    expect(wrongFiles(page)).toHaveLength(1);
    expect((await wrongCommands(page)).map((each) => each.replace(/:.*/s, ''))).toEqual([
      'ballast replay run.jsonl --set retry.atempts=1',
      'ballast replay',
      'ballast record --pools x',
      'ballast nope',
      'ballast server stop a/b',
    ]);
  });
});
