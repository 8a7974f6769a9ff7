/** What a pool falls back on while its best servers take nothing. */
export type LevelInUse =
  | { readonly kind: 'backup' }
  | { readonly kind: 'priority'; readonly priority: number };

/**
 * Which servers stand in for better ones: backups, or those of a worse priority; undefined where the best are in use, or none is.
 *
 * @param servers of one pool; `serves`: new clients are sent there now
 */
export function levelInUse(
  servers: readonly { readonly priority: number; readonly backup: boolean; readonly serves: boolean }[],
): LevelInUse | undefined {
  const serving = servers.filter(({ serves }) => serves);
  if (serving.length === 0) return undefined;
  const primaries = servers.filter(({ backup }) => !backup);
  if (serving.every(({ backup }) => backup)) return primaries.length === 0 ? undefined : { kind: 'backup' };
  const best = Math.min(...primaries.map(({ priority }) => priority));
  const used = Math.min(...serving.flatMap(({ backup, priority }) => (backup ? [] : [priority])));
  return used > best ? { kind: 'priority', priority: used } : undefined;
}
