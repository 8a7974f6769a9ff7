import type { z } from 'zod';
import { parseAddress } from './address.ts';
import { nearestWord } from './unknown-key.ts';

/** What the schema leaves to us to say: zod's own sentences know neither what a thing is called here nor what to write instead. */
export const unsaid = '\u0000';

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** One sentence for one finding of the schema: what is wrong where, and what to write instead. */
export function explainIssue(issue: Issue, path: Path, data: unknown): string {
  const input = issue.input;
  const said = issue.message === unsaid ? undefined : issue.message;
  switch (issue.code) {
    case 'custom':
      return said ?? `${place(path, data)} cannot be used`;
    case 'invalid_type':
      return explainType(issue.expected, input, said, path, data);
    case 'too_small':
    case 'too_big':
      return explainBound(issue, said, path, data);
    case 'invalid_value':
    case 'invalid_union':
      return explainChoice(issue, said, path, data);
    default:
      return typeof input === 'string' && said !== undefined
        ? `${keyOf(path)} ${quote(input)}: ${said}`
        : `${place(path, data)} cannot be read; ${said ?? instead(path, data)}`;
  }
}

function explainType(
  expected: string,
  input: unknown,
  said: string | undefined,
  path: Path,
  data: unknown,
): string {
  if (path.length === 0)
    return 'this is no configuration; write listeners: and pools: at the start of a line';
  if (input === undefined || input === null) return explainMissing(input, said, path, data);
  const isText = typeof input === 'string';
  const found = `${place(path, data)} is ${describe(input)}`;
  if (expected === 'boolean') return `${found}; write true or false`;
  if (expected === 'number' && isText)
    return Object.hasOwn(examples, keyOf(path))
      ? `${found}; write a number without quotes, ${eg(path, data)}`
      : `${found}; write ${said ?? 'a number'}, without quotes`;
  if (expected === 'int' || (expected === 'number' && !isText))
    return `${found}; write ${said ?? 'a whole number'}`;
  if (expected === 'array' && said !== undefined) return said;
  if (expected === 'string' && said?.startsWith('a duration'))
    return `${found}; write a number and a unit, e.g. ${keyOf(path)}: ${said.split('write e.g. ')[1] ?? '1s'}`;
  return `${found}; ${instead(path, data)}`;
}

function explainMissing(
  input: undefined | null,
  said: string | undefined,
  path: Path,
  data: unknown,
): string {
  const key = keyOf(path);
  const pool = /^pool /.exec(subject(path.slice(0, -1), data));
  if (key === 'servers' && pool)
    return `${subject(path.slice(0, -1), data)} has no servers; ${instead(path, data)}`;
  if (input === null) return `${place(path, data)} is empty; ${instead(path, data)}`;
  if (key === 'type' && said !== undefined)
    return `${subject(path.slice(0, -1), data)} needs a type; ${said}`;
  const owner = path.length === 1 ? 'the file' : subject(path.slice(0, -1), data);
  const article = /ers$|pools$|ports$|routes$|replicas$/.test(key) ? '' : /^[aeio]/.test(key) ? 'an ' : 'a ';
  // What is needed cannot be left out.
  return `${owner} needs ${article}${key}; ${instead(path, data).replace(/, or leave it out$/, '')}`;
}

function explainBound(
  issue: Extract<Issue, { code: 'too_small' | 'too_big' }>,
  said: string | undefined,
  path: Path,
  data: unknown,
): string {
  if (typeof issue.input === 'number') {
    const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
    return `${place(path, data)} is ${issue.input}; write ${said ?? bound}`;
  }
  if (typeof issue.input === 'string') return `${place(path, data)} is empty; ${said ?? instead(path, data)}`;
  if (said !== undefined) return said;
  const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  return `${place(path, data)} has too ${issue.code === 'too_small' ? 'few' : 'many'} entries; write ${bound}`;
}

function explainChoice(
  issue: Extract<Issue, { code: 'invalid_value' | 'invalid_union' }>,
  said: string | undefined,
  path: Path,
  data: unknown,
): string {
  // Of a choice by type the whole mapping is handed in, and the path goes on to its type.
  const input = 'discriminator' in issue ? valueAt(issue.input, [issue.discriminator ?? '']) : issue.input;
  if (input === undefined || input === null) return explainMissing(input, said, path, data);
  const values = choices(issue);
  const meant = typeof input === 'string' ? nearestWord(input, values) : undefined;
  if (said?.startsWith('unknown strategy')) {
    const named = typeof input === 'string' ? input : (input as { kind?: unknown }).kind;
    if (typeof named !== 'string')
      return `${place(path, data)} ${isMapping(input) ? 'needs a kind' : `is ${describe(input)}`}; ${said.replace('unknown strategy; ', '')}`;
    if (named === 'hash')
      return `strategy hash needs a key; write strategy: { kind: hash, key: header:x-user }`;
    const near = nearestWord(named, wordsOf(said));
    return `${said.replace('unknown strategy', `unknown strategy ${show(named)}`)}${near ? ` (did you mean ${near}?)` : ''}`;
  }
  if (meant !== undefined) return `${place(path, data)} is ${show(input)}; did you mean ${meant}?`;
  if (said !== undefined)
    return `${place(path, data)} is ${describe(input)}; ${said.startsWith('write') ? said : `write ${said}`}`;
  return `${place(path, data)} is ${describe(input)}; write one of ${values.join(', ')}`;
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function choices(issue: Extract<Issue, { code: 'invalid_value' | 'invalid_union' }>): string[] {
  const values =
    issue.code === 'invalid_value' ? issue.values : 'options' in issue ? (issue.options ?? []) : [];
  return values.map(String);
}

function wordsOf(message: string): string[] {
  return (message.split('one of ')[1] ?? '').split(', ');
}

function keyOf(path: Path): string {
  const last = path.at(-1);
  return typeof last === 'number' ? `entry ${last + 1}` : (last ?? 'the file');
}

/** `weight of server api-2 of pool api`, or the thing itself where the path ends at one. */
function place(path: Path, data: unknown): string {
  const owner = path.slice(0, -1);
  if (isThing(path)) return subject(path, data);
  return owner.length === 0 ? keyOf(path) : `${keyOf(path)} of ${subject(owner, data)}`;
}

const things: Record<string, string> = {
  listeners: 'listener',
  pools: 'pool',
  servers: 'server',
  routes: 'route',
  replicas: 'replica group',
};

function isThing(path: Path): boolean {
  return typeof path.at(-1) === 'number' && Object.hasOwn(things, String(path.at(-2)));
}

function subject(path: Path, data: unknown): string {
  if (path.length === 0) return 'the file';
  if (!isThing(path)) return place(path, data);
  const value = valueAt(data, path);
  const name = typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined;
  const own = `${things[String(path.at(-2))]} ${typeof name === 'string' ? name : Number(path.at(-1)) + 1}`;
  const outer = path.slice(0, -2);
  return outer.length === 0 ? own : `${own} of ${subject(outer, data)}`;
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping of keys';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  return typeof value === 'number' ? `the number ${value}` : String(value);
}

function show(value: unknown): string {
  return typeof value === 'string' ? quote(value) : describe(value);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

const examples: Record<string, string> = {
  listeners: '[{ name: web, bind: 127.0.0.1:8080, pool: api }]',
  pools: '[{ name: api, servers: [{ address: 127.0.0.1:3001 }] }]',
  servers: '[{ address: 127.0.0.1:3001 }]',
  replicas: '[{ name: api, command: node server.js, pool: api }]',
  routes: '[{ path: /, pool: api }]',
  name: 'api',
  bind: '127.0.0.1:8080',
  host: 'api.localhost',
  header: 'x-session',
  path: '/health',
  pool: 'api',
  strategy: 'round-robin',
  kind: 'round-robin',
  key: 'header:x-user',
  decay: '10s',
  ipv6Prefix: '64',
  boundedLoad: '1.25',
  fallback: 'round-robin',
  type: 'http',
  healthCheck: '{ type: http, path: /health }',
  outlierDetection: '{ consecutiveFailures: 5 }',
  circuitBreaker: '{ failurePercent: 50 }',
  open: '10s',
  maxOpen: '5m',
  trials: '3',
  affinity: '{ type: cookie }',
  retry: '{ attempts: 3 }',
  timeouts: '{ connect: 1s }',
  limits: '{ headTimeout: 10s }',
  queue: '{ length: 100, timeout: 5s }',
  batching: 'adaptive',
  dataPlane: '{ threads: 2 }',
  headTimeout: '10s',
  idleTimeout: '75s',
  bodyTimeout: '30s',
  interval: '2s',
  fastInterval: '500ms',
  downInterval: '10s',
  body: '{ contains: ok }',
  headers: '{ x-probe: "1" }',
  service: 'shop.v1.Orders',
  timeout: '1s',
  connect: '1s',
  response: '30s',
  attempt: '5s',
  request: '60s',
  backoff: '{ base: 25ms, max: 250ms }',
  hedge: '{ after: p95 }',
  after: '100ms',
  methods: '[GET, HEAD]',
  idle: '60s',
  ttl: '30m',
  failurePercent: '50',
  window: '10s',
  minimumRequests: '20',
  latencyFactor: '5',
  minimumLatency: '50ms',
  statuses: '[5xx]',
  maxEjectedPercent: '50',
  ejectLast: 'false',
  baseEjection: '10s',
  maxEjection: '5m',
  expect: '[2xx]',
  on: '[502, 503]',
  command: 'node server.js',
  ports: '[3001, 3002]',
  portEnv: 'PORT',
  env: '{ LOG_LEVEL: debug }',
  cwd: './api',
  count: '3',
  weight: '1',
};

/** `write address: 127.0.0.1:3002`. */
function instead(path: Path, data: unknown): string {
  const key = path.at(-1);
  if (typeof key === 'number') return `write ${entryExample(path, data)}`;
  if (key === 'address') return `write address: 127.0.0.1:${3001 + Number(path.at(-2) ?? 0)}`;
  if (key === 'pool') return `write pool: ${firstPool(data) ?? 'api'}`;
  const example = examples[String(key)];
  return example === undefined ? `write a value for ${key}, or leave it out` : `write ${key}: ${example}`;
}

/** `e.g. weight: 1`. */
function eg(path: Path, data: unknown): string {
  return instead(path, data).replace(/^write/, 'e.g.');
}

function entryExample(path: Path, data: unknown): string {
  const value = valueAt(data, path);
  const list = String(path.at(-2));
  if (list === 'servers' && typeof value === 'string' && parseAddress(value)) return `{ address: ${value} }`;
  const example = examples[list];
  return example?.startsWith('[') ? example.slice(1, -1) : 'a value';
}

function firstPool(data: unknown): string | undefined {
  const name = valueAt(data, ['pools', 0, 'name']);
  return typeof name === 'string' ? name : undefined;
}
