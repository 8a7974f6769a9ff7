/** What the interface and the help need to know of a kind of affinity. Its behaviour lives in `engine/affinity/`. */
export interface AffinityDefinition {
  readonly label: string;
  /** One sentence: what binds a client. */
  readonly explain: string;
  /** The key without which it cannot be: what it names, and an example. */
  readonly names?: { readonly key: string; readonly what: string; readonly example: string };
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
  'app-cookie': {
    label: 'Cookie of the application',
    explain:
      "A client keeps its server through a cookie of the application's own, learned from the response that sets it.",
    names: { key: 'name', what: 'the cookie', example: 'JSESSIONID' },
  },
  header: {
    label: 'Request field',
    explain: 'Requests with the same value of a field go to the same server; those without it are balanced.',
    names: { key: 'header', what: 'the field', example: 'x-session' },
  },
  'client-ip': {
    label: 'Client address',
    explain: 'A client keeps its server by its address. On one machine every client is 127.0.0.1.',
  },
} as const satisfies Record<string, AffinityDefinition>;

export type AffinityKind = keyof typeof affinities;
export const affinityKinds = Object.keys(affinities) as [AffinityKind, ...AffinityKind[]];
