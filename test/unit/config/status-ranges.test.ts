import { parseConfig } from '@shared/config/parse.ts';
import { describe, expect, it } from 'vitest';
import { retriesStatus } from '../../../main/engine/proxy/retry-rules.ts';

const parse = (pool: object) =>
  parseConfig({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
    pools: [{ name: 'api', servers: [{ address: '127.0.0.1:3001' }], ...pool }],
  });

const places = [
  ['healthCheck.expect', (statuses: unknown[]) => ({ healthCheck: { type: 'http', expect: statuses } })],
  ['outlierDetection.statuses', (statuses: unknown[]) => ({ outlierDetection: { statuses } })],
  ['retry.on', (statuses: unknown[]) => ({ retry: { on: statuses } })],
] as const;

function problem(pool: object): string | undefined {
  const result = parse(pool);
  return result.ok ? undefined : result.problems.map(({ message }) => message).join('; ');
}

describe.each(places)('the statuses of %s', (_place, write) => {
  it.each([[503], ['503'], ['5xx'], ['502-504'], ['4xx-5xx'], ['404-5xx']])('may be %o', (status) => {
    expect(problem(write([status]))).toBeUndefined();
  });

  it.each([
    ['504-502', 'the range 504-502 ends before it begins; write 502-504'],
    ['5xx-4xx', 'the range 5xx-4xx ends before it begins; write 4xx-5xx'],
    ['503-5xx-4xx', /a status, a class or a range/],
    ['600', /a status, a class or a range/],
    [99, /at least [14]00/],
    ['teapot', /a status, a class or a range/],
  ])('may not be %o', (status, wanted) => {
    expect(problem(write([status]))).toMatch(wanted);
  });
});

it('retry.on takes ways to fail beside them, and covers each status of a range', () => {
  const result = parse({ retry: { on: ['502-503', '429', 'timed-out'] } });
  if (!result.ok) throw new Error(result.problems[0]!.message);
  const { retry } = result.config.pools[0]!;
  expect(retry.on).toEqual(['502-503', 429, 'timed-out']);
  const retried = [200, 428, 429, 430, 500, 501, 502, 503, 504].filter((status) =>
    retriesStatus(retry, status),
  );
  expect(retried).toEqual([429, 502, 503]);
});
