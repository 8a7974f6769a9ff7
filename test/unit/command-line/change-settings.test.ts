import { asWritten } from '@shared/config/as-written.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import { describe, expect, it } from 'vitest';
import { withSettings } from '../../../main/command-line/change-settings.ts';
import { poolOf } from '../../../main/command-line/recording-file.ts';
import type { PoolInput } from '../../support/config-of.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';

const servers = serversNamed({ a: 1, b: 1 });
const sticky: PoolInput = { servers, affinity: { type: 'cookie', ttl: '7m', maxSessions: 9, path: '/app' } };

function changed(input: PoolInput, ...set: string[]): PoolConfig {
  return poolOf(withSettings(asWritten(poolConfig(input)), set), 'these settings');
}

describe('another kind of affinity or health check', () => {
  it('needs no more than its name: what only the recorded kind has goes with it', () => {
    expect(changed(sticky, 'affinity.type=none').affinity).toEqual({ type: 'none' });
    expect(changed({ servers }, 'healthCheck.type=none').healthCheck).toEqual({ type: 'none' });
    const checked: PoolInput = {
      servers,
      healthCheck: {
        type: 'http',
        path: '/up',
        host: 'api.test',
        interval: '9s',
        expect: [200],
        body: { contains: 'ok' },
      },
    };
    const { intervalMs: _, ...tcp } = poolConfig({ servers }).healthCheck as { intervalMs: number };
    expect(changed(checked, 'healthCheck.type=tcp').healthCheck).toEqual({
      ...tcp,
      intervalMs: 9_000,
      fastIntervalMs: 2_250,
      downIntervalMs: 9_000,
    });
    expect(changed(checked, 'healthCheck.type=grpc', 'healthCheck.service=shop').healthCheck).toMatchObject({
      type: 'grpc',
      service: 'shop',
      host: 'api.test',
      intervalMs: 9_000,
    });
  });

  it('keeps what both kinds have, and takes what is set for it, in any order', () => {
    const wanted = {
      type: 'header',
      header: 'x-user',
      ttlMs: 420_000,
      maxSessions: 9,
      expiry: 'fixed',
      onUnavailable: 'rebalance',
    };
    const set = ['affinity.type=header', 'affinity.header=x-user', 'affinity.expiry=fixed'];
    expect(changed(sticky, ...set).affinity).toEqual(wanted);
    expect(changed(sticky, ...set.toReversed()).affinity).toEqual(wanted);
  });

  it('is refused for a key that was written for it, and that it does not have', () => {
    expect(() => changed(sticky, 'affinity.type=none', 'affinity.ttl=7m')).toThrow(
      /^these settings: affinity.ttl: unknown key "ttl"[^;]*; known here: type$/,
    );
    expect(() => changed(sticky, 'affinity={type: none, ttl: 7m}')).toThrow(/unknown key "ttl"/);
    expect(() => changed(sticky, 'affinity={type: header, header: x}', 'affinity.type=none')).toThrow(
      /unknown key "header"/,
    );
    expect(() => changed({ servers }, 'healthCheck.type=none', 'healthCheck.body.bytes=3')).toThrow(
      /unknown key "body"/,
    );
  });

  it('is refused in one sentence where it is none, or needs more', () => {
    expect(() => changed(sticky, 'affinity.type=cookies')).toThrow(
      /^these settings: affinity\.type: [^;]*; did you mean cookie\?$/,
    );
    expect(() => changed(sticky, 'affinity.type=header')).toThrow(
      /^these settings: affinity\.header: [^;]*; write header: x-session$/,
    );
  });
});
