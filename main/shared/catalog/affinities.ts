/** What the interface and the help need to know of a kind of affinity. Its behaviour lives in `engine/affinity/`. */
export interface AffinityDefinition {
  readonly label: string;
  /** One sentence: what binds a client. */
  readonly explain: string;
}

export const affinities = {
  none: {
    label: 'No affinity',
    explain: 'Every request is balanced by itself.',
  },
  cookie: {
    label: 'Cookie',
    explain:
      'A client keeps its server through a signed cookie that Ballast adds to the first response. Drained servers keep their clients.',
  },
  'client-ip': {
    label: 'Client address',
    explain: 'A client keeps its server by its address. On one machine every client is 127.0.0.1.',
  },
} as const satisfies Record<string, AffinityDefinition>;

export type AffinityKind = keyof typeof affinities;
export const affinityKinds = Object.keys(affinities) as [AffinityKind, ...AffinityKind[]];
