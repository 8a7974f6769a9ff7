import type { HealthCheckConfig } from '@shared/config/schema.ts';
import type { RecordedFault, RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { failingsOf } from '../../../main/engine/simulation/outages.ts';
import { seededRandom } from '../../../main/engine/simulation/seeded-random.ts';
import { poolConfig, serversNamed } from '../../support/engine-kit.ts';
import { livedRecording } from '../../support/lived-recording.ts';
import { recordedRequest } from '../../support/recordings.ts';

const servers = serversNamed({ a: 1, b: 1 });
const { healthCheck: check } = poolConfig({
  servers,
  // Found down 1,500 ms after the first failure, on average, and up again 1,000 ms after it is.
  healthCheck: { type: 'tcp', interval: '1s', fastInterval: '500ms', downInterval: '1s', rise: 2, fall: 3 },
});
const none: HealthCheckConfig = { type: 'none' };

function outagesOf(requests: readonly RecordedRequest[], of: HealthCheckConfig) {
  const { outages, alone } = failingsOf(requests, of, ({ outcome }) => outcome !== 'responded');
  const told = (outages.get('api/a') ?? []).map(({ from, to, fromProbes }) => [
    Math.round(from),
    to === Number.POSITIVE_INFINITY ? null : Math.round(to),
    fromProbes,
  ]);
  return { outages: told, alone: alone.size };
}

const fails = (atMs: number, ...unwell: RecordedFault[]) =>
  recordedRequest(atMs, [{ server: 'a', outcome: 'closed-before-response', durationMs: 1 }], known(unwell));
const answers = (atMs: number, ...unwell: RecordedFault[]) =>
  recordedRequest(atMs, [{ server: 'a' }], known(unwell));
/** Answered by the other, beside what is known of a. */
const sees = (atMs: number, ...unwell: RecordedFault[]) =>
  recordedRequest(atMs, [{ server: 'b' }], known(unwell));
const known = (faults: RecordedFault[]) => ({ unwell: faults.length === 0 ? {} : { 'api/a': faults } });

describe('what a recording tells of outages', () => {
  it('takes one failure between answers, or before a healthy verdict, for that of its request', () => {
    const between = [answers(0), fails(100), answers(6_000)];
    expect(outagesOf(between, check)).toEqual({ outages: [], alone: 1 });
    expect(outagesOf(between, none)).toEqual({ outages: [], alone: 1 });
    expect(outagesOf([fails(100), sees(8_000), fails(9_000), sees(20_000)], check)).toEqual({
      outages: [],
      alone: 2,
    });
  });

  it('lets several in a row last to the last of them where probes go well, else half-way to the next answer', () => {
    const row = [fails(100), sees(150), fails(200), sees(250), answers(6_200)];
    expect(outagesOf(row, check).outages).toEqual([[100, 200, false]]);
    expect(outagesOf(row, none).outages).toEqual([[100, 3_200, true]]);
    expect(outagesOf(row.slice(0, 3), none).outages).toEqual([[100, null, true]]);
  });

  it('lets what probes saw end as long before the verdict as they need for it', () => {
    const restart = [fails(100), sees(1_000, 'unhealthy'), sees(5_000, 'unhealthy'), sees(5_002)];
    expect(outagesOf(restart, check)).toEqual({ outages: [[100, 4_001, true]], alone: 0 });
    // Nobody asked it: it was away before the verdict as well.
    expect(outagesOf(restart.slice(1), check).outages).toEqual([[-500, 4_001, true]]);
    expect(outagesOf([answers(0), ...restart.slice(1)], check).outages).toEqual([[0, 4_001, true]]);
    expect(outagesOf(restart.slice(0, 3), check).outages).toEqual([[100, null, true]]);
  });

  it('ends an outage where it answers after all, or is reached again', () => {
    expect(
      outagesOf([fails(100), sees(1_000, 'unhealthy'), answers(1_100, 'unhealthy')], check).outages,
    ).toEqual([[100, 600, true]]);
    expect(outagesOf([fails(100), sees(200, 'unreachable'), sees(300), answers(900)], check).outages).toEqual(
      [[100, 250, true]],
    );
  });

  it('is one outage where several threads saw its beginning in another order than they noted the time', () => {
    const seen = [answers(0), fails(100), sees(104, 'unreachable'), sees(104.2), sees(104.5, 'unreachable')];
    const rest = [sees(1_700, 'unhealthy'), sees(5_000, 'unhealthy'), sees(5_002), sees(5_003, 'unhealthy')];
    expect(outagesOf([...seen, ...rest, sees(5_100), answers(9_000)], check).outages).toEqual([
      [100, 4_052, true],
    ]);
    // A thread that was held up between looking at the clock and looking at the servers.
    expect(
      outagesOf([sees(100, 'unreachable'), answers(102), fails(104), fails(105)], check).outages,
    ).toEqual([[104, null, true]]);
  });

  it.each([1, 2, 3])('is one, whatever the times are off by (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const requests = await livedRecording(
      { servers: serversNamed({ a: 1, b: 1, c: 1 }) },
      Array.from({ length: 5_000 }, (_, index) => index * 2),
      {
        failure: (server, atMs) =>
          server === 'b' && atMs > 2_000 && atMs < 6_000
            ? { outcome: 'connect-failed', status: 0, durationMs: 0.5 }
            : null,
        durationMs: () => 5,
      },
    );
    const moved = requests
      .map((request) => ({ ...request, arrivedMs: request.arrivedMs + random() * 8 }))
      .sort((one, other) => one.arrivedMs - other.arrivedMs);
    const { outages } = failingsOf(
      moved,
      poolConfig({ servers }).healthCheck,
      ({ outcome }) => outcome !== 'responded',
    );
    const counts = Object.fromEntries([...outages].map(([server, each]) => [server, each.length]));
    expect(counts).toEqual({ 'api/a': 0, 'api/b': 1, 'api/c': 0 });
  });

  it('does not take an ejection for an outage: that is a judgement, not a fact', () => {
    expect(outagesOf([answers(0), sees(100, 'ejected'), answers(200)], check).outages).toEqual([]);
  });
});
