/** A bounded list of the newest entries of a log, oldest first. */
export interface LogState<E> {
  readonly entries: readonly E[];
  /** Entries that happened and are not here: dropped on the way, or older than the limit. */
  readonly forgotten: number;
}

export const emptyLog: LogState<never> = { entries: [], forgotten: 0 };

export function appendToLog<E>(
  log: LogState<E>,
  entries: readonly E[],
  dropped: number,
  capacity: number,
): LogState<E> {
  const all = entries.length >= capacity ? entries : [...log.entries, ...entries];
  const lost = log.entries.length + entries.length - Math.min(capacity, log.entries.length + entries.length);
  return {
    entries: all.length > capacity ? all.slice(-capacity) : all,
    forgotten: log.forgotten + dropped + lost,
  };
}
