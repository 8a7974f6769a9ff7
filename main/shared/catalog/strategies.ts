import { formatDuration } from '../lib/duration.ts';

/** Options as a person writes them, durations as text. One that is left out has its default. */
export type StrategyOptionValues = Readonly<Record<string, string | number | undefined>>;

/** One option of a strategy: what forms, help and checks need to know of it. */
export type StrategyOption = {
  readonly label: string;
  /** One sentence. */
  readonly explain: string;
  /** Null where there is none: the option is left out, or, where it is required, must be written. */
  readonly default: string | number | null;
  readonly isRequired?: boolean;
} & (
  | { readonly type: 'text'; readonly examples: readonly string[] }
  | { readonly type: 'duration' }
  | { readonly type: 'number'; readonly least: number; readonly most: number; readonly isWhole: boolean }
  | { readonly type: 'choice'; readonly of: readonly string[] }
);

/** What the interface, the help and the exports need to know of a strategy. Its behaviour lives in `engine/strategy/`. */
export interface StrategyDefinition {
  readonly kind: string;
  readonly label: string;
  /** One or two sentences: what this strategy, with these options, does with the next request. */
  explain(options?: StrategyOptionValues): string;
  /** When a developer would choose it. */
  readonly goodFor: string;
  readonly options: Readonly<Record<string, StrategyOption>>;
  /** Whether a server's weight changes anything under this strategy. */
  readonly usesWeights: boolean;
  /** The share of new clients that it promises each available server: the same for all, by weight, or none (load or clients decide). */
  readonly promisedShare: 'equal' | 'weight' | 'none';
  /** What decides who gets a request. */
  readonly decides: 'turn' | 'chance' | 'load' | 'request' | 'order';
  /** What it needs of the request, in words; null where it looks at nothing. */
  needs(options?: StrategyOptionValues): string | null;
}

const nothing = (): null => null;
const clientAddress = "the client's address";

/** What the keys of `hash` may name, each with an example. */
export const hashKeyExamples = [
  'header:x-user',
  'cookie:user',
  'query:user',
  'path',
  'uri',
  'client-ip',
] as const;

/** What a request without the key may be picked by: whatever needs no option of its own. */
export const fallbackKinds = [
  'round-robin',
  'weighted-round-robin',
  'least-connections',
  'power-of-two',
  'least-time',
  'random',
  'ip-hash',
  'first',
] as const;

export const strategies = {
  'round-robin': {
    kind: 'round-robin',
    label: 'Round robin',
    explain: () =>
      'Each server in turn, in the order of the file. Weights are ignored, except that weight 0 takes no new clients.',
    goodFor: 'Equal replicas and requests of about equal cost.',
    options: {},
    usesWeights: false,
    promisedShare: 'equal',
    decides: 'turn',
    needs: nothing,
  },
  'weighted-round-robin': {
    kind: 'weighted-round-robin',
    label: 'Weighted round robin',
    explain: () =>
      'In turn by weight, spread evenly: 5/1/1 serves a a b a c a a, never five in a row. Weight 0 takes no new clients.',
    goodFor: 'Replicas of different size, or a canary that should see a small share.',
    options: {},
    usesWeights: true,
    promisedShare: 'weight',
    decides: 'turn',
    needs: nothing,
  },
  'least-connections': {
    kind: 'least-connections',
    label: 'Least connections',
    explain: () =>
      'The server with the fewest requests in flight for its weight. Equal ones take turns by weight.',
    goodFor: 'Requests whose cost varies: a slow server gets fewer of them by itself.',
    options: {},
    usesWeights: true,
    promisedShare: 'none',
    decides: 'load',
    needs: nothing,
  },
  'power-of-two': {
    kind: 'power-of-two',
    label: 'Power of two choices',
    explain: () =>
      'Two different servers are drawn by weight, and the one with fewer requests in flight for its weight gets the request; the first drawn where they are equal.',
    goodFor:
      'Many servers, or several balancers in front of the same ones: nearly as even as least connections, without all running to the same server.',
    options: {},
    usesWeights: true,
    promisedShare: 'none',
    decides: 'load',
    needs: nothing,
  },
  'least-time': {
    kind: 'least-time',
    label: 'Least time',
    explain: ({ decay = '10s' } = {}) =>
      `The server that should answer soonest: its recent response time (a peak counts at once and fades over ${decay}) times its requests in flight and this one, divided by its weight. One that has not answered yet is asked as soon as it is idle; a failed attempt counts as at least a second.`,
    goodFor: 'Servers of different or changing speed: a slow one is passed by before requests pile up at it.',
    options: {
      decay: {
        type: 'duration',
        label: 'Fades over',
        explain: 'After this long a measured response time has 1/e (37 %) of its weight.',
        default: '10s',
      },
    },
    usesWeights: true,
    promisedShare: 'none',
    decides: 'load',
    needs: nothing,
  },
  random: {
    kind: 'random',
    label: 'Random',
    explain: () => 'A server drawn by weight, whatever its load and whoever asks.',
    goodFor: 'Many balancers that know nothing of each other, and as a yardstick for the others.',
    options: {},
    usesWeights: true,
    promisedShare: 'weight',
    decides: 'chance',
    needs: nothing,
  },
  'ip-hash': {
    kind: 'ip-hash',
    label: 'IP hash',
    explain: ({ ipv6Prefix = 128 } = {}) =>
      `The client's address decides, weighted: the same client meets the same server, and losing a server moves only its own clients.${ipv6Prefix === 128 ? '' : ` Of an IPv6 address the first ${ipv6Prefix} bits count.`}`,
    goodFor:
      'Stickiness without cookies. On one machine every client is 127.0.0.1, so one server gets everything.',
    options: {
      ipv6Prefix: {
        type: 'number',
        label: 'Bits of an IPv6 address',
        explain:
          'How many leading bits of an IPv6 address tell clients apart; 64 keeps one that changes its address within its network.',
        default: 128,
        least: 1,
        most: 128,
        isWhole: true,
      },
    },
    usesWeights: true,
    promisedShare: 'none',
    decides: 'request',
    needs: () => clientAddress,
  },
  hash: {
    kind: 'hash',
    label: 'Hash',
    explain: ({ key = '', boundedLoad, fallback = 'weighted-round-robin' } = {}) => {
      const words = hashKeyWords(String(key));
      const bound =
        boundedLoad === undefined
          ? ''
          : ` A server with ${boundedLoad} times its share of the requests in flight is passed by, for the next in the key's own order.`;
      return `${words.charAt(0).toUpperCase()}${words.slice(1)} decides, weighted: the same key meets the same server, and losing a server moves only its own keys.${bound} A request without it goes by ${fallback}.`;
    },
    goodFor: 'Caches: each server keeps the answers of its own users, paths or tenants.',
    options: {
      key: {
        type: 'text',
        label: 'Key',
        explain: 'What of the request decides: header:NAME, cookie:NAME, query:NAME, path, uri or client-ip.',
        default: null,
        isRequired: true,
        examples: hashKeyExamples,
      },
      boundedLoad: {
        type: 'number',
        label: 'Bounded load',
        explain:
          'Most requests in flight at a server, as a multiple of its share of all (1.25 is a good one); without it a popular key may overload its server.',
        default: null,
        least: 1,
        most: 100,
        isWhole: false,
      },
      fallback: {
        type: 'choice',
        label: 'Without a key',
        explain: 'The strategy for a request that has no such key, or an empty one.',
        default: 'weighted-round-robin',
        of: fallbackKinds,
      },
    },
    usesWeights: true,
    promisedShare: 'none',
    decides: 'request',
    needs: ({ key = '' } = {}) => hashKeyWords(String(key)),
  },
  first: {
    kind: 'first',
    label: 'First',
    explain: () =>
      'In the order of the file: the first server gets everything until it has `maxRequests` in flight, then the second. Weights are ignored, except that weight 0 takes no new clients.',
    goodFor:
      'As few servers as the load needs, so that the others can be stopped; or one main server and standbys.',
    options: {},
    usesWeights: false,
    promisedShare: 'none',
    decides: 'order',
    needs: nothing,
  },
} as const satisfies Record<string, StrategyDefinition>;

export type StrategyKind = keyof typeof strategies;
export const strategyKinds = Object.keys(strategies) as [StrategyKind, ...StrategyKind[]];

/** `the header x-user`, of `header:x-user`; `the key` where none is known. */
export function hashKeyWords(key: string): string {
  const colon = key.indexOf(':');
  const name = key.slice(colon + 1);
  switch (colon === -1 ? key : key.slice(0, colon)) {
    case 'header':
      return `the header ${name}`;
    case 'cookie':
      return `the cookie ${name}`;
    case 'query':
      return `the query parameter ${name}`;
    case 'path':
      return 'the path';
    case 'uri':
      return 'the path and query';
    case 'client-ip':
      return clientAddress;
    default:
      return 'the key';
  }
}

/** The options as a person would write them, of a strategy as the engine runs it; those at their default too. */
export function writtenOptions(strategy: { readonly kind: StrategyKind }): Record<string, string | number> {
  const written: Record<string, string | number> = {};
  const values = strategy as unknown as Readonly<Record<string, unknown>>;
  const options: Readonly<Record<string, StrategyOption>> = strategies[strategy.kind].options;
  for (const [key, option] of Object.entries(options)) {
    const value = values[option.type === 'duration' ? `${key}Ms` : key];
    if (typeof value === 'number') written[key] = option.type === 'duration' ? formatDuration(value) : value;
    else if (typeof value === 'string') written[key] = value;
  }
  return written;
}
