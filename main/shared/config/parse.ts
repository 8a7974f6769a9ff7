import { type Config, configSchema } from './schema.ts';

/** One thing wrong with a configuration: where, and what to write instead. */
export interface ConfigProblem {
  /** Path into the document, e.g. `['pools', 0, 'servers', 1, 'address']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** 1-based place in the file, where the configuration came from one. */
  readonly line?: number;
  readonly column?: number;
  /** The text of that line, for a message that points at it. */
  readonly excerpt?: string;
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Checks plain data (a parsed document) against the schema. */
export function parseConfig(data: unknown): ParsedConfig {
  const result = configSchema.safeParse(data);
  if (result.success) return { ok: true, config: result.data };
  const problems = result.error.issues.flatMap((issue): ConfigProblem[] => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key "${key}"` }));
  });
  return { ok: false, problems };
}
