import type { ConfigInput } from '@shared/config/schema.ts';

const named = 'servers are known by their names';
const asked = 'a probe is modelled by whether it goes well, not by what it asks';
const told = 'a recording knows who belongs together, not by which cookie or field';
const kept = 'clients keep their cookie and send it with every request';
const connections = 'connections are not modelled';
const tunnels = 'tunnels are not modelled';

/**
 * What a replay does with every key of a pool: `true` where it obeys it, else why it changes nothing. A key that the schema has and
 * this table has not does not compile: whoever adds one says here whether the simulation knows it.
 */
export const modelledSettings: Said<ConfigInput['pools'][number]> = {
  name: 'it is the same pool, whatever it is called',
  strategy: { kind: true, decay: true, ipv6Prefix: true, key: true, boundedLoad: true, fallback: true },
  servers: {
    name: named,
    address: named,
    weight: true,
    priority: true,
    backup: true,
    maxRequests: true,
  },
  healthCheck: {
    type: true,
    interval: true,
    fastInterval: true,
    downInterval: true,
    jitter: true,
    timeout: true,
    rise: true,
    fall: true,
    initial: true,
    path: asked,
    method: asked,
    host: asked,
    headers: asked,
    expect: asked,
    service: asked,
    body: { contains: asked, matches: asked, bytes: asked },
  },
  outlierDetection: {
    consecutiveFailures: true,
    failurePercent: true,
    window: true,
    minimumRequests: true,
    latencyFactor: true,
    minimumLatency: true,
    statuses: true,
    baseEjection: true,
    maxEjection: true,
    maxEjectedPercent: true,
    ejectLast: true,
  },
  circuitBreaker: {
    failurePercent: true,
    window: true,
    minimumRequests: true,
    open: true,
    maxOpen: true,
    trials: true,
  },
  affinity: {
    type: true,
    ttl: true,
    expiry: true,
    maxSessions: true,
    onUnavailable: true,
    ipv4Prefix: true,
    ipv6Prefix: true,
    name: told,
    header: told,
    maxAge: kept,
    path: kept,
    domain: kept,
    sameSite: kept,
    secure: kept,
    httpOnly: kept,
  },
  retry: {
    attempts: true,
    on: true,
    methods: true,
    backoff: { base: true, max: true },
    hedge: { after: true, most: true },
    budgetPercent: true,
    budgetMinPerSecond: true,
    bodyBytes: true,
  },
  timeouts: {
    connect:
      'how long connecting took is not recorded; an attempt without a connection fails after as long as it did',
    response: true,
    attempt: true,
    request: true,
    idle: connections,
    tunnel: tunnels,
    tunnelEnd: tunnels,
    tunnelDrain: tunnels,
    drain: 'nobody drains a server in a replay',
    resolve: 'nobody connects to what a name means in a replay',
  },
  maxRequests: true,
  queue: { length: true, timeout: true },
  idleConnections: connections,

  slowStart: true,
  panicThreshold: true,
  batching: {
    mode: connections,
    depth: connections,
    wait: connections,
  },
};

/** A setting without effect in a replay. */
export interface Unmodelled {
  /** In the words of the file: `timeouts.connect`. */
  readonly path: string;
  readonly why: string;
}

/**
 * The settings at a path, or below it, that a replay does not obey. None where the path is no setting: that is for the schema to say.
 *
 * @param path in the words of the file; of a server its name is left out: `servers.address`
 * @param value what stands there: of a mapping its own keys count
 */
export function unmodelled(path: readonly string[], value: unknown): Unmodelled[] {
  let said: unknown = modelledSettings;
  for (const part of path) {
    if (typeof said !== 'object' || said === null || !Object.hasOwn(said, part)) return [];
    said = (said as Readonly<Record<string, unknown>>)[part];
  }
  if (typeof said === 'string') return [{ path: path.join('.'), why: said }];
  if (typeof said !== 'object' || said === null) return [];
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, each]) => unmodelled([...path, key], each));
  // A word for a mapping: `batching: on`.
  const [why, ...others] = new Set(Object.values(said));
  return typeof why === 'string' && others.length === 0 ? [{ path: path.join('.'), why }] : [];
}

/** The mappings that a value may be, or a list may hold; those with any keys are values. */
type Mappings<V> = V extends readonly (infer Each)[]
  ? Mappings<Each>
  : V extends object
    ? string extends keyof V
      ? never
      : V
    : never;
type KeysOf<M> = M extends object ? keyof M & string : never;
type ValueOf<M, K> = M extends object ? (K extends keyof M ? M[K] : never) : never;
type Said<V> = [Mappings<NonNullable<V>>] extends [never]
  ? true | string
  : { readonly [K in KeysOf<Mappings<NonNullable<V>>>]: Said<ValueOf<Mappings<NonNullable<V>>, K>> };
