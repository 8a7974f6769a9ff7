import { asWritten } from '@shared/config/as-written.ts';
import { configJsonSchema } from '@shared/config/json-schema.ts';
import { describe, expect, it } from 'vitest';
import { withSettings } from '../../../main/command-line/change-settings.ts';
import { withoutEffect } from '../../../main/command-line/no-effect.ts';
import { poolOf } from '../../../main/command-line/recording-file.ts';
import { modelledSettings, unmodelled } from '../../../main/engine/simulation/modelled-settings.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';

const recorded = asWritten(poolConfig({ servers: serversNamed({ a: 1, 'b.local': 2 }) }));

function told(...set: string[]): string[] {
  const pool = poolOf(withSettings(recorded, set), 'these settings');
  return withoutEffect({ set }, recorded, [pool]);
}

describe('what a replay does not obey', () => {
  it('is told by itself, within a mapping, and of a server whatever its name', () => {
    expect(told('idleConnections=3')).toEqual([
      '--set idleConnections=3 has no effect: connections are not modelled.',
    ]);
    expect(told('batching=on')).toEqual(['--set batching=on has no effect: connections are not modelled.']);
    expect(told('timeouts={response: 2s, idle: 3s, tunnel: 4m}')).toEqual([
      'Of --set timeouts={response: 2s, idle: 3s, tunnel: 4m}, timeouts.idle has no effect: connections are not modelled.',
      'Of --set timeouts={response: 2s, idle: 3s, tunnel: 4m}, timeouts.tunnel has no effect: tunnels are not modelled.',
    ]);
    expect(told('servers.b.local.address=127.0.0.1:9')).toEqual([
      '--set servers.b.local.address=127.0.0.1:9 has no effect: servers are known by their names.',
    ]);
    expect(told('healthCheck={type: http, path: /up, rise: 1}')).toEqual([
      'Of --set healthCheck={type: http, path: /up, rise: 1}, healthCheck.path has no effect: a probe is modelled by whether it goes well, not by what it asks.',
    ]);
  });

  it('is not said of what it does obey', () => {
    expect(
      told('retry.attempts=1', 'queue={length: 3}', 'servers.b.local.maxRequests=4', 'slowStart=3s'),
    ).toEqual([]);
  });

  it('is told of a value that was there before', () => {
    expect(told('retry.attempts=3')).toEqual([
      '--set retry.attempts=3 has no effect: that is how it was recorded.',
    ]);
    expect(told('servers.b.local.priority=0')).toEqual([
      '--set servers.b.local.priority=0 has no effect: that is how it was recorded.',
    ]);
    expect(told('servers.a.priority=1')).toEqual([]);
  });

  it('is told of weights where the strategy ignores them, from another file too', () => {
    const pool = poolConfig({ servers: serversNamed({ a: 5, 'b.local': 2 }) });
    const weights = 'Weights above 0 have no effect under round-robin: no request is led by them there.';
    expect(told('servers.a.weight=5')).toContain(weights);
    expect(
      withoutEffect({ set: [], config: { file: 'x.yaml', pool: asWritten(pool) } }, recorded, [pool]),
    ).toEqual([weights]);
    const sticky = asWritten(
      poolConfig({ servers: serversNamed({ a: 1, 'b.local': 2 }), affinity: { type: 'cookie' } }),
    );
    expect(withoutEffect({ set: [], config: { file: 'x.yaml', pool: sticky } }, recorded, [pool])).toEqual(
      [],
    );
    expect(withoutEffect({ set: [], config: { file: 'x.yaml', pool: recorded } }, recorded, [pool])).toEqual(
      [],
    );
  });
});

it('the table of what a replay obeys has the keys of the schema, and no others', () => {
  const schema = configJsonSchema() as Schema;
  const inSchema = new Set(keysBelow(schema.properties!.pools!.items!));
  const inTable = new Set(leaves(modelledSettings));
  expect([...inTable].filter((key) => !inSchema.has(key))).toEqual([]);
  expect([...inSchema].filter((key) => !inTable.has(key))).toEqual([]);
  expect(unmodelled(['retry', 'nothing'], 1)).toEqual([]);
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

/** Paths of the keys that hold no further ones. */
function keysBelow({ properties = {}, items, oneOf = [], anyOf = [] }: Schema): string[] {
  return [
    ...Object.entries(properties).flatMap(([key, each]) => {
      const below = keysBelow(each);
      return below.length === 0 ? [key] : below.map((path) => `${key}.${path}`);
    }),
    ...[...(items ? [items] : []), ...oneOf, ...anyOf].flatMap(keysBelow),
  ];
}

function leaves(table: object): string[] {
  return Object.entries(table).flatMap(([key, each]) =>
    typeof each === 'object' ? leaves(each).map((path) => `${key}.${path}`) : [key],
  );
}
