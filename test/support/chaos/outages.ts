/** How long after a server has been struck its clients may still see it: they may be slow to look on a busy machine. */
const seenLateMs = 1_500;

/** When which server was made to fail: what a client lost at another time, or of another server, was lost by the balancer. */
export interface Outages {
  /** From now on the server fails; the result says that it does no more. */
  begin(server: string): () => void;
  /**
   * True when the server, or without a name any of them, failed at some time between the two; by `performance.now()`.
   * @param server its name; undefined where the client could not see which it was
   */
  overlap(server: string | undefined, fromMs: number, toMs: number): boolean;
}

export function createOutages(now: () => number = () => performance.now()): Outages {
  const all: { server: string; from: number; to: number }[] = [];
  return {
    begin(server) {
      const outage = { server, from: now(), to: Number.POSITIVE_INFINITY };
      all.push(outage);
      return () => {
        outage.to = Math.min(outage.to, now());
      };
    },
    overlap: (server, fromMs, toMs) =>
      all.some(
        (each) =>
          (server === undefined || each.server === server) &&
          each.from <= toMs &&
          each.to + seenLateMs >= fromMs,
      ),
  };
}
