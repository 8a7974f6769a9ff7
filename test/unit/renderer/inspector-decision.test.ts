import type { Attempt, Decision } from '@shared/contract/request-values.ts';
import { describe, expect, it } from 'vitest';
import {
  affinityText,
  outcomeShort,
  presentDecision,
  routeText,
  waterfall,
} from '../../../renderer/src/features/inspector/present-decision.ts';

/** A server that is well, and what is said of it. */
function seen(
  id: string,
  said: Partial<Decision['servers'][number]> & Pick<Decision['servers'][number], 'weight' | 'state'>,
): Decision['servers'][number] {
  return {
    id,
    effectiveWeight: said.weight,
    activeRequests: 0,
    maxRequests: 0,
    latencyMs: null,
    adminState: 'ready',
    verdict: 'healthy',
    ejected: false,
    ejectedForMs: null,
    unreachable: false,
    admittedBy: null,
    backup: false,
    priority: 0,
    tried: false,
    out: '',
    detail: '',
    ...said,
  };
}

const decision: Decision = {
  strategy: 'weighted-round-robin',
  poolStrategy: 'weighted-round-robin',
  options: {},
  servers: [
    seen('api/api-1', { weight: 3, activeRequests: 6, state: 'candidate', detail: 'current 4' }),
    seen('api/api-2', { weight: 2, activeRequests: 0, state: 'tried', detail: '' }),
    seen('api/api-3', { weight: 2, activeRequests: 3, state: 'picked', detail: 'current 5' }),
    seen('api/api-4', { weight: 1, activeRequests: 0, state: 'drain', detail: '' }),
    seen('api/api-5', { weight: 1, activeRequests: 0, state: 'candidate', detail: '' }),
  ],
  affinity: null,
  queuedMs: 0,
  pausedMs: 0,
  sentence: 'Weighted round robin chose api-3, whose turn it was (current 5, next best api-1 at 4).',
};
const attempt = (more: Partial<Attempt> = {}): Attempt => ({
  server: 'api/api-2',
  startedAfterMs: 0,
  durationMs: 0.2,
  outcome: 'connect-failed',
  status: null,
  detail: 'connection refused',
  hedge: false,
  decision: null,
  batch: null,
  ...more,
});

describe('why a server was chosen', () => {
  it('names the winner and says of every other server why it was not', () => {
    const presented = presentDecision(decision, [attempt()]);
    expect(presented.title).toBe('Why api-3');
    expect(presented.strategy).toBe('Weighted round robin');
    expect(presented.rows.map(({ name, standing, note }) => [name, standing, note])).toEqual([
      ['api-1', 'candidate', 'current 4'],
      ['api-2', 'left-out', 'tried, refused'],
      ['api-3', 'picked', 'current 5'],
      ['api-4', 'left-out', 'draining'],
      ['api-5', 'candidate', 'not its turn'],
    ]);
  });

  it('tells weight, load and speed of each as they counted, and what was odd about it', () => {
    const servers = [
      seen('api/slow', { weight: 3, effectiveWeight: 0.6, state: 'picked', latencyMs: 12, tried: true }),
      seen('api/busy', { weight: 1, activeRequests: 10, maxRequests: 10, state: 'full', out: 'is full' }),
      seen('api/away', { weight: 1, state: 'drain', out: 'is draining: it takes no new clients' }),
      seen('api/back', {
        weight: 1,
        state: 'candidate',
        ejected: true,
        ejectedForMs: 4_200,
        admittedBy: 'panic',
      }),
      seen('api/due', { weight: 1, state: 'picked', ejected: true, ejectedForMs: -3, verdict: 'unhealthy' }),
    ];
    const { rows } = presentDecision({ ...decision, servers }, []);
    expect(rows).toMatchObject([
      { weight: '0.6 of 3', inFlight: '0', latencyMs: 12, facts: ['tried before'] },
      { weight: '1', inFlight: '10/10', note: 'full', facts: [] },
      { note: 'draining: it takes no new clients' },
      { facts: ['ejected for another 5s', 'in panic'] },
      { facts: ['unhealthy', 'ejected until a trial request has gone well'] },
    ]);
  });

  it('tells by which rule the request came to the pool', () => {
    expect(routeText({ listener: 'web', route: { host: null, path: '/' } })).toBe(
      'listener web, any host, any path',
    );
    expect(routeText({ listener: 'web', route: { host: '*.shop.test', path: '/cart' } })).toBe(
      'listener web, host *.shop.test, path /cart',
    );
    expect(routeText({ listener: 'web', route: null })).toBe('listener web');
  });

  it('says so when nobody could be chosen', () => {
    const none = decision.servers.map((server) => ({ ...server, state: 'unhealthy' as const }));
    const presented = presentDecision({ ...decision, servers: none }, []);
    expect(presented.title).toBe('Why no server');
    expect(new Set(presented.rows.map(({ note }) => note))).toEqual(new Set(['unhealthy']));
  });

  it('names the strategy with its options, and one it does not know by its own name', () => {
    expect(presentDecision({ ...decision, poolStrategy: 'most-luck' }, []).strategy).toBe('most-luck');
    const hash = { ...decision, poolStrategy: 'hash', options: { key: 'path', fallback: 'random' } };
    expect(presentDecision(hash, []).strategy).toBe('Hash · key path · fallback random');
  });

  it('tells what affinity did', () => {
    expect(affinityText({ by: 'cookie', result: 'kept', server: 'api/api-1', reason: '' })).toBe(
      'The session stayed on api-1.',
    );
    expect(
      affinityText({
        by: 'cookie',
        result: 'moved',
        server: 'api/api-3',
        reason: 'the session pointed at api-2, which failed (connection refused)',
      }),
    ).toBe('The session moved to api-3: the session pointed at api-2, which failed (connection refused).');
  });
});

describe('the attempts of a request', () => {
  const format = (ms: number) => ms.toFixed(1);

  it('stand where they happened within the request', () => {
    const rows = waterfall(
      [
        attempt(),
        attempt({
          server: 'api/api-3',
          startedAfterMs: 0.4,
          durationMs: 3.6,
          outcome: 'responded',
          status: 200,
          detail: null,
        }),
      ],
      4,
      format,
    );
    expect(rows.map(({ name, text, succeeded }) => [name, text, succeeded])).toEqual([
      ['api-2', 'refused after 0.2 ms', false],
      ['api-3', '200 in 3.6 ms', true],
    ]);
    expect(rows.map(({ span }) => span)).toEqual(['0.0 to 0.2 ms', '0.4 to 4.0 ms']);
    expect(rows[0]!.width).toBeCloseTo(0.05);
    expect(rows[1]!.from).toBeCloseTo(0.1);
    expect(rows[1]!.width).toBeCloseTo(0.9);
  });

  it('never reach beyond the edge, however times were rounded', () => {
    for (const durationMs of [0, 0.001, 3, 1e6]) {
      for (const row of waterfall([attempt({ startedAfterMs: 1, durationMs: 5 })], durationMs, format)) {
        expect(row.from).toBeGreaterThanOrEqual(0);
        expect(row.from + row.width).toBeLessThanOrEqual(1 + 1e-9);
      }
    }
    expect(waterfall([attempt({ durationMs: 0 })], 0, format)[0]?.width).toBe(0);
  });

  it('tell a hedge that overtook from one that was not needed', () => {
    const first = { startedAfterMs: 0, detail: null };
    const hedge = { server: 'api/api-3', startedAfterMs: 2, hedge: true, detail: null };
    const answered = { outcome: 'responded', status: 200 } as const;
    const texts = (...attempts: Parameters<typeof attempt>[0][]) =>
      waterfall(attempts.map(attempt), 4, format).map(({ text }) => text);
    expect(texts({ ...first, outcome: 'cancelled' }, { ...hedge, ...answered })).toEqual([
      'overtaken after 0.2 ms',
      'hedge: 200 in 0.2 ms',
    ]);
    expect(texts({ ...first, ...answered }, { ...hedge, outcome: 'cancelled' })).toEqual([
      '200 in 0.2 ms',
      'hedge: not needed after 0.2 ms',
    ]);
  });

  it('count an answer of 500 and above as no success', () => {
    const [row] = waterfall([attempt({ outcome: 'responded', status: 503, detail: null })], 1, format);
    expect(row?.succeeded).toBe(false);
    expect(row?.text).toBe('503 in 0.2 ms');
  });

  it('have a short word for every outcome', () => {
    expect(outcomeShort(attempt({ detail: 'no connection within 1s' }))).toBe('no connection within 1s');
    expect(outcomeShort(attempt({ outcome: 'timed-out' }))).toBe('timed out');
    expect(outcomeShort(attempt({ outcome: 'closed-before-response' }))).toBe('closed early');
    expect(outcomeShort(attempt({ outcome: 'failed-mid-response' }))).toBe('broke off');
    expect(outcomeShort(attempt({ outcome: 'client-aborted' }))).toBe('client left');
  });
});
