/** Keyed changes to apply to a store's records; `replace` forgets what was known. */
export interface RecordChange<V> {
  readonly replace: boolean;
  readonly set: readonly (readonly [string, V])[];
  readonly removed: readonly string[];
}

/** A new map of records in which those that were not mentioned keep their identity. */
export function applyChange<V>(
  records: Readonly<Record<string, V>>,
  { replace, set, removed }: RecordChange<V>,
): Readonly<Record<string, V>> {
  const next: Record<string, V> = replace ? {} : { ...records };
  for (const [key, value] of set) next[key] = value;
  for (const key of removed) delete next[key];
  return next;
}

/** The earlier value where it says the same: what subscribes to it is then not rendered again. */
export function keepIdentity<T>(before: T | undefined, after: T): T {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after) ? before : after;
}
