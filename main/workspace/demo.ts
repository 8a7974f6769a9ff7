export interface DemoWorkspace {
  /** Full path of its ballast.yaml. */
  readonly path: string;
  readonly listenerPort: number;
  /** Said where the preferred port was taken; null where it was free. */
  readonly portNote: string | null;
  /** Removes the temporary folder. */
  cleanup(): Promise<void>;
}

/** Writes a commented ballast.yaml for three demo replicas into a fresh private folder. */
export async function createDemoWorkspace(_options: { preferredPort: number }): Promise<DemoWorkspace> {
  throw new Error('not written yet');
}
