import type { z } from 'zod';
import { explainIssue, unsaid } from './explain.ts';
import { type Config, configSchema } from './schema.ts';
import { unknownKeyMessage } from './unknown-key.ts';

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
  const knownKeys = new Map<unknown, readonly string[]>();
  const result = configSchema.safeParse(data, {
    reportInput: true,
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') knownKeys.set(issue.input, keysOf(issue.inst));
      return unsaid;
    },
  });
  if (result.success) return { ok: true, config: result.data };
  return { ok: false, problems: result.error.issues.flatMap((issue) => problemsOf(issue, data, knownKeys)) };
}

type Issue = z.core.$ZodIssue;

function problemsOf(
  issue: Issue,
  data: unknown,
  knownKeys: ReadonlyMap<unknown, readonly string[]>,
): ConfigProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys.get(issue.input) ?? [];
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKeyMessage(key, known) }));
  }
  if (issue.code === 'invalid_union') {
    // A choice whose only fault is a key too many was meant: the key is what is wrong.
    const meant = issue.errors.find((branch) => branch.every(({ code }) => code === 'unrecognized_keys'));
    if (meant && meant.length > 0)
      return meant.flatMap((inner) =>
        problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, data, knownKeys),
      );
    // Of a word or a mapping that says more, the mapping was written: what is wrong within it is what is wrong.
    const written = issue.errors.find(
      (branch) =>
        isMapping(issue.input) && branch.length > 0 && branch.every((inner) => inner.path.length > 0),
    );
    if (written && !written.some(({ message }) => message !== unsaid && message.startsWith('unknown')))
      return written.flatMap((inner) =>
        problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, data, knownKeys),
      );
  }
  return [{ path, message: explainIssue(issue, path, data) }];
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keysOf(schema: unknown): readonly string[] {
  const def = (schema as z.core.$ZodType | undefined)?._zod.def as { shape?: object } | undefined;
  return Object.keys(def?.shape ?? {});
}
