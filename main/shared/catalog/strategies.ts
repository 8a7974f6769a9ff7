/** What the interface, the help and the exports need to know of a strategy. Its behaviour lives in `engine/strategy/`. */
export interface StrategyDefinition {
  readonly kind: string;
  readonly label: string;
  /** One sentence: what this strategy does with the next request. */
  readonly explain: string;
  /** When a developer would choose it. */
  readonly goodFor: string;
  /** Whether a server's weight changes anything under this strategy. */
  readonly usesWeights: boolean;
  /** The share of new clients that it promises each available server: the same for all, by weight, or none (load or clients decide). */
  readonly promisedShare: 'equal' | 'weight' | 'none';
  /** Whether the caller's address decides; on one machine every caller is 127.0.0.1, which the interface must say. */
  readonly usesClientAddress: boolean;
}

export const strategies = {
  'round-robin': {
    kind: 'round-robin',
    label: 'Round robin',
    explain:
      'Each server in turn, in the order of the file. Weights are ignored, except that weight 0 takes no new clients.',
    goodFor: 'Equal replicas and requests of about equal cost.',
    usesWeights: false,
    promisedShare: 'equal',
    usesClientAddress: false,
  },
  'weighted-round-robin': {
    kind: 'weighted-round-robin',
    label: 'Weighted round robin',
    explain:
      'In turn by weight, spread evenly: 5/1/1 serves a a b a c a a, never five in a row. Weight 0 takes no new clients.',
    goodFor: 'Replicas of different size, or a canary that should see a small share.',
    usesWeights: true,
    promisedShare: 'weight',
    usesClientAddress: false,
  },
  'least-connections': {
    kind: 'least-connections',
    label: 'Least connections',
    explain: 'The server with the fewest requests in flight for its weight. Equal ones take turns by weight.',
    goodFor: 'Requests whose cost varies: a slow server gets fewer of them by itself.',
    usesWeights: true,
    promisedShare: 'none',
    usesClientAddress: false,
  },
  'ip-hash': {
    kind: 'ip-hash',
    label: 'IP hash',
    explain:
      "The client's address decides, weighted: the same client meets the same server, and losing a server moves only its own clients.",
    goodFor:
      'Stickiness without cookies. On one machine every client is 127.0.0.1, so one server gets everything.',
    usesWeights: true,
    promisedShare: 'none',
    usesClientAddress: true,
  },
} as const satisfies Record<string, StrategyDefinition>;

export type StrategyKind = keyof typeof strategies;
export const strategyKinds = Object.keys(strategies) as [StrategyKind, ...StrategyKind[]];
