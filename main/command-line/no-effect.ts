import { strategies } from '@shared/catalog/strategies.ts';
import type { WrittenPool } from '@shared/config/as-written.ts';
import type { PoolConfig } from '@shared/config/schema.ts';

/** Of a pool, in the words of the file: what a replay has nothing for, and why. A word covers all below it. */
const notModelled: readonly (readonly [path: RegExp, why: string])[] = [
  [/^idleConnections|^timeouts\.idle/, 'connections are not modelled'],
  [/^batching/, 'connections are not modelled'],
  [/^timeouts\.(connect|resolve)/, 'connections are not modelled'],
  [/^timeouts\.tunnel/, 'tunnels are not modelled'],
  [/^timeouts\.drain/, 'nobody drains a server in a replay'],
  [
    /^healthCheck\.(path|method|host|headers|expect|body|service)/,
    'a probe is modelled by whether it goes well, not by what it asks',
  ],
  [/^servers\.[^ ]*\.address$/, 'servers are known by their names'],
];

/** Sentences on what was changed and changes nothing in a replay by these settings: "--set x: has no effect: ...". */
export function withoutEffect(
  { weights, set }: { readonly weights?: string; readonly set: readonly string[] },
  recorded: WrittenPool,
  configs: readonly PoolConfig[],
): string[] {
  const told: string[] = [];
  const changesWeights = set.some((text) => /^\s*servers\..*\.weight\s*=\s*0*[1-9]/.test(text));
  const ignoring = configs
    .map(({ strategy }) => strategy.kind)
    .filter((kind) => !strategies[kind].usesWeights);
  if ((weights !== undefined || changesWeights) && ignoring.length > 0)
    told.push(
      `Weights above 0 have no effect under ${[...new Set(ignoring)].join(', ')}: no request is led by them there.`,
    );
  for (const text of set) {
    const path = text.slice(0, text.indexOf('=')).trim();
    const why = notModelled.find(([each]) => each.test(path))?.[1];
    if (why !== undefined) told.push(`--set ${text} has no effect: ${why}.`);
    else if (isAsRecorded(text, recorded))
      told.push(`--set ${text} has no effect: that is how it was recorded.`);
  }
  return told;
}

/** The very value that was there, where it is a plain one. */
function isAsRecorded(text: string, recorded: WrittenPool): boolean {
  const at = text.indexOf('=');
  let value: unknown = recorded;
  for (const part of text.slice(0, at).trim().split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    value = (value as Record<string, unknown>)[part];
  }
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isPlain && String(value) === text.slice(at + 1).trim();
}
