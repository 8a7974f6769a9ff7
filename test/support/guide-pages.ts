import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '@shared/config/json-schema.ts';
import type { ConfigInput } from '@shared/config/schema.ts';

const root = join(import.meta.dirname, '../..');

/** A page for people, and what it shows. */
export interface GuidePage {
  readonly name: string;
  readonly text: string;
  /** What stands between backticks within a line. */
  readonly spans: readonly string[];
  readonly blocks: readonly { readonly language: string; readonly text: string }[];
}

/** README, and every page of docs/guide. */
export function guidePages(): GuidePage[] {
  const guides = readdirSync(join(root, 'docs/guide')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...guides.map((name) => `docs/guide/${name}`)].map((name) =>
    pageOf(name, readFileSync(join(root, name), 'utf8')),
  );
}

/** @param name for messages */
export function pageOf(name: string, text: string): GuidePage {
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', inside = '']) => ({
    language,
    text: inside,
  }));
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  return { name, text, blocks, spans: [...prose.matchAll(/`([^`\n]+)`/g)].map(([, inside]) => inside!) };
}

/** Command lines of a page: `ballast …`, with every one of `a|b` by itself. Prose may leave arguments out. */
export function commandsOf({ blocks, spans }: GuidePage): { words: string; isProse: boolean }[] {
  const lines = blocks
    .filter(({ language }) => language === '' || language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .flatMap((line) => line.replace(/\s#.*$/, '').split('&&'))
    .map((line) => ({ words: line.trim(), isProse: false }));
  const said = spans.map((words) => ({ words, isProse: true }));
  return [...lines, ...said]
    .filter(({ words }) => /^ballast [a-z]/.test(words))
    .flatMap(({ words, isProse }) => alternatives(words).map((each) => ({ words: each, isProse })));
}

function alternatives(words: string): string[] {
  const choice = /[a-z-]+(?:\|[a-z-]+)+/.exec(words)?.[0];
  return choice === undefined ? [words] : choice.split('|').map((each) => words.replace(choice, each));
}

interface Schema {
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

/** A key of ballast.yaml: `pools.retry.backoff.base`. One of several kinds of a choice stands there more than once. */
export interface ConfigKey {
  readonly path: string;
  readonly default: unknown;
  readonly least: number | undefined;
  readonly most: number | undefined;
}

export const configKeys: readonly ConfigKey[] = keysBelow(configJsonSchema() as Schema, '');

function keysBelow({ properties = {}, items, oneOf = [], anyOf = [] }: Schema, path: string): ConfigKey[] {
  const own = Object.entries(properties).flatMap(([key, each]) => {
    const inner = path === '' ? key : `${path}.${key}`;
    return [
      { path: inner, default: each.default, least: each.minimum, most: each.maximum },
      ...keysBelow(each, inner),
    ];
  });
  return [
    ...own,
    ...[...(items ? [items] : []), ...oneOf, ...anyOf].flatMap((each) => keysBelow(each, path)),
  ];
}

/** The keys that a page may mean by `backoff.base` or by `base`. */
export function keysNamed(words: string): ConfigKey[] {
  return configKeys.filter(({ path }) => path === words || path.endsWith(`.${words}`));
}

type Written = Record<string, unknown>;
type Mutable = { listeners: Written[]; pools: Written[]; replicas: Written[] } & Written;

const server = { name: 'api-1', address: '127.0.0.1:3001' };

/** Files in which every key can stand: one for each kind of every choice. */
function bases(): Mutable[] {
  const of = (pool: Written): Mutable => ({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [{ name: 'api', servers: [{ ...server }, { name: 'api-2', address: '127.0.0.1:3002' }], ...pool }],
    replicas: [],
  });
  return [
    of({}),
    ...['cookie', 'app-cookie', 'header', 'client-ip'].map((type) =>
      of({
        affinity: {
          type,
          ...(type === 'app-cookie' && { name: 'JSESSIONID' }),
          ...(type === 'header' && { header: 'x-session' }),
        },
      }),
    ),
    ...['http', 'tcp', 'grpc'].map((type) => of({ healthCheck: { type } })),
    ...['least-time', 'ip-hash'].map((kind) => of({ strategy: { kind } })),
    of({ strategy: { kind: 'hash', key: 'path' } }),
    of({ batching: {} }),
  ];
}

/** Whole files with that value at that key, wherever it may stand. */
export function filesWith(words: string, value: unknown): ConfigInput[] {
  const paths = [...new Set(keysNamed(words).map(({ path }) => path))];
  return paths.flatMap((path) =>
    bases().map((base) => {
      let holder: Written = base;
      const parts = path.split('.');
      for (const part of parts.slice(0, -1)) {
        holder[part] ??= {};
        const next = holder[part] as Written | Written[];
        if (Array.isArray(next)) next[0] ??= {};
        holder = Array.isArray(next) ? next[0]! : next;
      }
      holder[parts.at(-1)!] = value;
      return base as unknown as ConfigInput;
    }),
  );
}

/** A file out of a part of one: what it lacks is put in. */
export function wholeFile(part: string): string {
  if (/^pools:/m.test(part)) return part;
  return `${part}\nlisteners: [{ name: web, bind: 127.0.0.1:8080, pool: api }]\npools: [{ name: api, servers: [{ address: 127.0.0.1:3001 }] }]\n`;
}
