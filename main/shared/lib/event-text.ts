import type { BallastEvent } from '../contract/event-values.ts';

/** Names that servers of several pools have. @param ids `pool/name` of all of them */
export function sharedServerNames(ids: Iterable<string>): ReadonlySet<string> {
  const seen = new Set<string>();
  const shared = new Set<string>();
  for (const id of ids) {
    const name = nameOf(id);
    if (seen.has(name)) shared.add(name);
    seen.add(name);
  }
  return shared;
}

/** A server's name where that is enough, and its pool before it where servers of several pools have it. */
export function serverLabel(id: string, shared: ReadonlySet<string>): string {
  const name = nameOf(id);
  return shared.has(name) ? id : name;
}

/** An event in words, with the pool where the server's name alone would not tell which it is, unless the words do. */
export function eventText(
  { text, server, pool }: Pick<BallastEvent, 'text' | 'server' | 'pool'>,
  shared: ReadonlySet<string>,
): string {
  if (server === null || !shared.has(nameOf(server)) || text.includes(server)) return text;
  return `${text} (pool ${pool ?? server.slice(0, server.indexOf('/'))})`;
}

function nameOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
