/** What the interface and the help need to know of a mode of batching. Its behaviour lives in `engine/proxy/batching.ts`. */
export interface BatchingDefinition {
  readonly label: string;
  /** One or two sentences: when requests share a connection. */
  readonly explain: string;
}

export const batchingModes = {
  off: {
    label: 'No batching',
    explain: 'Every request has a connection to its server for itself.',
  },
  adaptive: {
    label: 'Adaptive batching',
    explain:
      'GET and HEAD requests of the same moment for the same server share a connection, while that server answers quickly and evenly.',
  },
  on: {
    label: 'Batching',
    explain: 'They share a connection whatever the answers take. For servers that you know.',
  },
} as const satisfies Record<string, BatchingDefinition>;

export type BatchingMode = keyof typeof batchingModes;
export const batchingModeKinds = Object.keys(batchingModes) as [BatchingMode, ...BatchingMode[]];
