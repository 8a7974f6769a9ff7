import { formatDuration } from '../../lib/duration.ts';
import { compilePattern } from '../../lib/pattern.ts';
import type { HealthCheckConfig } from '../schema.ts';
import { each } from './balancing-rules.ts';
import type { PoolRule } from './lint-rule.ts';
import { ejects } from './outlier-rules.ts';

/** Probes. */
export const healthRules: readonly PoolRule[] = [
  {
    name: 'slow-probe-timeout',
    settings: ['timeout', 'interval'],
    find: ({ pool: { healthCheck: check }, wrote }) => {
      if (check.type === 'none' || check.timeoutMs <= check.intervalMs || !wrote('healthCheck', 'timeout'))
        return null;
      const afterMs =
        check.intervalMs + check.timeoutMs + (check.fall - 1) * (check.fastIntervalMs + check.timeoutMs);
      return {
        at: ['healthCheck', 'timeout'],
        message: `interval is not what decides: a server that hangs holds each probe for the timeout of ${formatDuration(check.timeoutMs)}, and is out only after ${formatDuration(afterMs)}; write a timeout of at most the interval, ${formatDuration(check.intervalMs)}`,
      };
    },
  },
  {
    name: 'fast-interval-not-faster',
    settings: ['fastInterval', 'interval'],
    find: ({ pool: { healthCheck: check }, wrote }) =>
      check.type !== 'none' &&
      wrote('healthCheck', 'fastInterval') &&
      check.fastIntervalMs >= check.intervalMs &&
      // Of an unhealthy server that is coming back it may hurry the probes all the same.
      (check.fastIntervalMs >= check.downIntervalMs || check.rise === 1)
        ? {
            at: ['healthCheck', 'fastInterval'],
            message: `fastInterval hurries nothing: it is not shorter than the interval of ${formatDuration(check.intervalMs)}; write less, or leave it out`,
          }
        : null,
  },
  {
    name: 'fast-interval-unused',
    settings: ['fastInterval', 'rise', 'fall'],
    find: ({ pool: { healthCheck: check }, wrote }) =>
      check.type !== 'none' && check.rise === 1 && check.fall === 1 && wrote('healthCheck', 'fastInterval')
        ? {
            at: ['healthCheck', 'fastInterval'],
            message:
              'fastInterval has no effect: with rise: 1 and fall: 1 the first probe that contradicts a verdict changes it; leave it out, or raise one of them',
          }
        : null,
  },
  {
    name: 'initial-healthy-with-fall-1',
    settings: ['initial', 'fall'],
    find: ({ pool: { healthCheck: check } }) =>
      check.type !== 'none' && check.initial === 'healthy' && check.fall === 1
        ? {
            at: ['healthCheck', 'initial'],
            message:
              'initial: healthy changes nothing for requests: with fall: 1 the first probe decides, as it does for unknown; leave it out, or raise fall',
          }
        : null,
  },
  {
    name: 'expected-twice',
    settings: ['expect'],
    find: ({ pool: { healthCheck: check } }) =>
      check.type !== 'http'
        ? null
        : each(check.expect, (range, at) => {
            const wider = check.expect.find(
              (other, index) =>
                index !== at && includes(other, range) && (!includes(range, other) || index < at),
            );
            return wider === undefined
              ? null
              : {
                  at: ['healthCheck', 'expect', at],
                  message: `${range} has no effect: ${wider} includes it; leave it out`,
                };
          }),
  },
  {
    name: 'expects-no-answer',
    settings: ['expect'],
    find: ({ pool: { healthCheck: check } }) =>
      check.type === 'http' && check.expect.every((range) => bounds(range)[1] < 200)
        ? {
            at: ['healthCheck', 'expect'],
            message:
              'no server can ever be healthy: a status below 200 comes before the answer and is not it; write e.g. expect: [2xx]',
          }
        : null,
  },
  {
    name: 'body-of-a-status-without',
    settings: ['body', 'expect'],
    find: ({ pool: { healthCheck: check } }) => {
      if (check.type !== 'http' || check.body === undefined || !check.expect.every(hasNoBody)) return null;
      // `expects-no-answer` says it.
      if (check.expect.every((range) => bounds(range)[1] < 200)) return null;
      const { matches } = check.body;
      const statuses = check.expect.join(' or ');
      const what = `a response of ${statuses} never has a body`;
      return {
        at: ['healthCheck', 'body'],
        message:
          matches !== undefined && compilePattern(matches).isIn('')
            ? `body has no effect: ${what}, and ${JSON.stringify(matches)} is found in an empty one; write e.g. expect: [200], or leave body out`
            : `no server can ever be healthy: ${what} to look at; write e.g. expect: [200], or leave body out`,
      };
    },
  },
  {
    name: 'text-longer-than-looked-at',
    settings: ['contains', 'bytes'],
    find: ({ pool: { healthCheck: check } }) => {
      if (check.type !== 'http' || check.body?.contains === undefined) return null;
      const { contains, bytes } = check.body;
      const length = bytesOf(contains);
      if (length <= bytes) return null;
      return {
        at: ['healthCheck', 'body', 'bytes'],
        message: `no server can ever be healthy: the text of contains is ${length} bytes long, and only the first ${bytes} of a body are looked at; write bytes: ${length} or more, or leave it out`,
      };
    },
  },
  {
    name: 'panic-without-verdicts',
    settings: ['panicThreshold', 'healthCheck', 'outlierDetection'],
    find: ({ pool: { panicThreshold, healthCheck, outlierDetection } }) =>
      panicThreshold > 0 && healthCheck.type === 'none' && !ejects(outlierDetection)
        ? {
            at: ['panicThreshold'],
            message:
              'panicThreshold has no effect: it ignores health checks and ejections, and both are off; turn one on, or leave it out',
          }
        : null,
  },
  {
    name: 'panic-of-the-only-server',
    settings: ['panicThreshold', 'servers', 'healthCheck'],
    find: ({ pool: { panicThreshold, healthCheck, servers } }) =>
      panicThreshold > 0 && servers.length === 1 && servers[0]!.weight > 0 && healthCheck.type !== 'none'
        ? {
            at: ['panicThreshold'],
            message:
              'with panicThreshold the health check keeps no request away: as soon as the one server is unhealthy the pool is in panic, and asks it all the same; add servers, or leave panicThreshold out',
          }
        : null,
  },
];

type Range = Extract<HealthCheckConfig, { type: 'http' }>['expect'][number];

function bounds(range: Range): readonly [number, number] {
  if (typeof range === 'number') return [range, range];
  const [from, to = from] = range.split('-') as [string, string?];
  return [Number(from.replace('xx', '00')), Number(to.replace('xx', '99'))];
}

function includes(wide: Range, narrow: Range): boolean {
  const [from, to] = bounds(wide);
  const [start, end] = bounds(narrow);
  return start >= from && end <= to;
}

/** Statuses whose responses end with their head, whatever it says (RFC 9112 section 6.3). */
function hasNoBody(range: Range): boolean {
  const [from, to] = bounds(range);
  return to < 200 || (from === to && (from === 204 || from === 304));
}

/** In UTF-8, as a probe compares it. */
function bytesOf(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}
