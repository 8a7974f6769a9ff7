import { type StrategyKind, strategyKinds } from '@shared/catalog/strategies.ts';
import { asWritten, type WrittenPool } from '@shared/config/as-written.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import { serverId } from '@shared/config/server-id.ts';
import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { isMap, parseDocument } from 'yaml';
import { type RunFigures, recordedFigures } from '../engine/simulation/figures.ts';
import { keySourceOf } from '../engine/simulation/recorded-keys.ts';
import { replay } from '../engine/simulation/replay.ts';
import { ServiceModel } from '../engine/simulation/service-model.ts';
import { withSettings, withWeights } from './change-settings.ts';
import { readConfig } from './file-commands.ts';
import { withoutEffect } from './no-effect.ts';
import type { Output } from './output.ts';
import { poolOf, type Recording, readRecording, unusable } from './recording-file.ts';
import { tellRuns } from './tell-runs.ts';

export interface ReplayCommandOptions {
  readonly pool?: string;
  /** One, several, `all`, or a mapping. */
  readonly strategy: string;
  readonly weights?: string;
  readonly set: readonly string[];
  readonly config?: string;
  readonly seed: number;
}

/** A run beside others. */
export interface NamedRun {
  /** `recorded`, or what was changed. */
  readonly name: string;
  readonly figures: RunFigures;
  /** A sentence on what stands in for the key of its `hash` strategy; null where the key itself does. */
  readonly keys: string | null;
}

/** Runs a recorded journal again, as it was asked for, and tells what came of it beside what was recorded. */
export async function replayFile(output: Output, file: string, options: ReplayCommandOptions): Promise<void> {
  const recording = await readRecording(file);
  for (const name of poolsOf(recording, options.pool, file)) {
    const requests = recording.requests.filter(({ pool }) => pool === name);
    const inFile = recording.header.pools.find((each) => each.name === name)!;
    const recorded = poolOf(inFile, `${file} line 1, pool ${name}`);
    const written = asWritten(recorded);
    const config = await otherFile(options.config, name);
    const base = changedPool(config?.pool ?? written, options);
    const plans = plansOf(base, recorded, options);
    const noEffect = withoutEffect(
      { ...options, config },
      written,
      plans.slice(1).map(({ config }) => config),
    );
    const servers = recorded.servers.map((server) => serverId(name, server.name));
    const model = new ServiceModel(requests, recorded.timeouts, recorded.healthCheck);
    const runs: NamedRun[] = [
      {
        name: 'recorded',
        figures: recordedFigures(requests, servers, ejectionsOf(recording, name)),
        keys: null,
      },
    ];
    for (const { name: title, config } of plans)
      runs.push({
        name: title,
        figures: await replay({ requests, model, recorded, config, seed: options.seed }),
        keys: keysText(requests, recorded, config),
      });
    if (output.json) {
      for (const { name: run, figures, keys } of runs)
        output.object({ pool: name, run, seed: options.seed, ...figures, keys, noEffect });
    } else
      tellRuns(
        output,
        { pool: name, strategy: recorded.strategy.kind, requests, seed: options.seed, noEffect },
        runs,
      );
  }
}

/** Pools that requests were led to, or the one asked for. */
function poolsOf({ header, requests }: Recording, wanted: string | undefined, file: string): string[] {
  const used = new Set(requests.flatMap(({ pool }) => pool ?? []));
  const known = header.pools.map(({ name }) => name).filter((name) => used.has(name));
  if (known.length === 0) throw unusable(`no request in ${file} was led to a pool`);
  if (wanted === undefined) return known;
  if (known.includes(wanted)) return [wanted];
  throw unusable(`${file} has no requests of a pool "${wanted}"; write one of ${known.join(', ')}`);
}

/** Null where the recording does not say. */
function ejectionsOf({ header }: Recording, pool: string): number | null {
  return header.ejections?.filter(({ server }) => server.startsWith(`${pool}/`)).length ?? null;
}

interface Plan {
  readonly name: string;
  readonly config: PoolConfig;
}

/** The settings to compare: what was recorded always first, and then one for each strategy. */
function plansOf(base: WrittenPool, recorded: PoolConfig, options: ReplayCommandOptions): Plan[] {
  const plans = strategiesOf(options.strategy, base, recorded).map((strategy) => ({
    name: strategyName(strategy),
    config: poolOf({ ...base, strategy }, 'these settings'),
  }));
  const isChanged = options.weights !== undefined || options.config !== undefined || options.set.length > 0;
  const asItWas = plans.some(({ config }) => JSON.stringify(config) === JSON.stringify(recorded));
  if (!isChanged && asItWas && plans.length === 1) return plans;
  // Beside it the model itself is to be seen: what it makes of the very settings that were recorded.
  return [{ name: `${recorded.strategy.kind}, as it was`, config: recorded }, ...plans];
}

function keysText(
  requests: readonly RecordedRequest[],
  recorded: PoolConfig,
  simulated: PoolConfig,
): string | null {
  const { strategy } = simulated;
  if (strategy.kind !== 'hash') return null;
  const { key, fallback } = strategy;
  switch (keySourceOf(requests, recorded, simulated)) {
    case 'computed':
      return null;
    case 'missing':
      return `hash (${key}): no hashes of this key were recorded, so every request went by ${fallback}, as one without it does.`;
    case 'hashes': {
      const without = requests.filter((request) => request.key === null).length;
      return without === 0
        ? `hash (${key}): by the hashes that were recorded of it.`
        : `hash (${key}): by the hashes that were recorded of it; ${without} of ${requests.length} requests have none (no such key, or their session decided) and went by ${fallback}.`;
    }
  }
}

type WrittenStrategy = Readonly<Record<string, unknown>>;

function strategiesOf(text: string, base: WrittenPool, recorded: PoolConfig): WrittenStrategy[] {
  const document = parseDocument(text);
  if (document.errors.length === 0 && isMap(document.contents)) return [document.toJS()];
  const kinds = text === 'all' ? strategyKinds : text.split(',').map((kind) => kindOf(kind.trim()));
  return kinds.map((kind) => {
    const own = base.strategy as WrittenStrategy;
    if (own.kind === kind) return own;
    if (recorded.strategy.kind === kind) return asWritten(recorded).strategy as WrittenStrategy;
    // What it cannot be without, of what every request has.
    return (kind as string) === 'hash' ? { kind, key: 'uri' } : { kind };
  });
}

function kindOf(text: string): StrategyKind {
  if ((strategyKinds as readonly string[]).includes(text)) return text as StrategyKind;
  throw unusable(`there is no strategy "${text}"; write all, or one of ${strategyKinds.join(', ')}`);
}

function strategyName({ kind, key }: WrittenStrategy): string {
  return typeof key === 'string' ? `${kind} (${key})` : String(kind);
}

/** The pool of that name in another file, in the words of the file. */
async function otherFile(
  file: string | undefined,
  name: string,
): Promise<{ file: string; pool: WrittenPool } | undefined> {
  if (file === undefined) return undefined;
  const { pools } = await readConfig(file);
  const other = pools.find((each) => each.name === name);
  if (other) return { file, pool: asWritten(other) };
  const names = pools.map((each) => each.name).join(', ');
  throw unusable(`${file} has no pool "${name}"; it has ${names}`);
}

/** With other settings. */
function changedPool(given: WrittenPool, { weights, set }: ReplayCommandOptions): WrittenPool {
  return withSettings(weights === undefined ? given : withWeights(given, weights), set);
}

/** Of the requests, for the text above the tables. */
export interface ReplayedPool {
  readonly pool: string;
  readonly strategy: StrategyKind;
  readonly requests: readonly RecordedRequest[];
  readonly seed: number;
  /** Sentences on what was changed, and changes nothing. */
  readonly noEffect: readonly string[];
}
