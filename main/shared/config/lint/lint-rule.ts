import type { ConfigProblem } from '../parse.ts';
import type { Config, ListenerConfig, PoolConfig } from '../schema.ts';

export type Path = readonly (string | number)[];

/** A setting, or several together, without effect: the file runs as it is, and says more than it does. */
export interface ConfigNote extends ConfigProblem {
  /** Name of the rule, for programs: `weights-ignored`. */
  readonly rule: string;
  /** Keys concerned. */
  readonly settings: readonly string[];
  /** Null where it concerns no pool. */
  readonly pool: string | null;
}

/** What a rule has found: where, and why it has no effect and what to write instead. */
export interface Finding {
  /** Within the pool, or within the file for a rule of the file. */
  readonly at: Path;
  readonly message: string;
}

type Found = Finding | readonly Finding[] | null;

/** A pool as it will run, and what of it a person wrote: a default that has no effect is nobody's mistake. */
export interface PoolView {
  readonly pool: PoolConfig;
  readonly config: Config;
  /** Those that lead here. */
  readonly listeners: readonly ListenerConfig[];
  /** Whether the key stands in the file: `wrote('retry', 'on')`. */
  wrote(...path: Path): boolean;
}

export interface PoolRule {
  readonly name: string;
  readonly settings: readonly string[];
  find(view: PoolView): Found;
}

export interface FileView {
  readonly config: Config;
  wrote(...path: Path): boolean;
}

export interface FileRule {
  readonly name: string;
  readonly settings: readonly string[];
  find(view: FileView): Found;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Those of a mapping's keys that stand in the file. */
export function written<K extends string>(view: PoolView, part: string, keys: readonly K[]): K[] {
  return keys.filter((key) => view.wrote(part, key));
}

/** Has, or have: for so many. */
export const have = (words: readonly unknown[]): string => (words.length === 1 ? 'has' : 'have');
