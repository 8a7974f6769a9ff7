import type { WrittenPool } from '@shared/config/as-written.ts';
import { configJsonSchema } from '@shared/config/json-schema.ts';

/** What is read of the JSON schema of ballast.yaml. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
}

/**
 * A pool whose affinity or health check was made another kind (`affinity.type`), without the keys that only the kind before has. A recorded
 * pool says every default, so nobody wrote them; what was written stays, for the schema to refuse.
 *
 * @param written paths of what was changed
 */
export function withoutOtherKind(pool: WrittenPool, written: readonly (readonly string[])[]): WrittenPool {
  const isWritten = (...path: string[]): boolean =>
    written.some((each) => path.every((part, index) => each[index] === part));
  const replaced = new Set(written.flatMap((path) => (path.length === 1 ? path : [])));
  let result = pool;
  for (const [key = '', word = '', ...below] of written) {
    const mapping = result[key];
    if (below.length > 0 || replaced.has(key) || typeof mapping !== 'object' || mapping === null) continue;
    const entries = Object.entries(mapping);
    const known = keysOfKind(key, word, Object.fromEntries(entries)[word]);
    if (known === undefined) continue;
    const kept = entries.filter(([each]) => known.has(each) || isWritten(key, each));
    result = { ...result, [key]: Object.fromEntries(kept) };
  }
  return result;
}

/** The keys of a mapping of a pool where that word has that value; undefined where it names no kind. */
function keysOfKind(key: string, word: string, value: unknown): ReadonlySet<string> | undefined {
  if (typeof value !== 'string') return undefined;
  const { properties = {} } = configJsonSchema() as Schema;
  const { oneOf, anyOf } = properties.pools?.items?.properties?.[key] ?? {};
  const kind = (oneOf ?? anyOf ?? []).find((each) => each.properties?.[word]?.const === value);
  return kind === undefined ? undefined : new Set(Object.keys(kind.properties ?? {}));
}
