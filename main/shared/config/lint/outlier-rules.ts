import { formatDuration } from '../../lib/duration.ts';
import type { OutlierDetectionConfig } from '../schema.ts';
import { have, listed, type PoolRule, written } from './lint-rule.ts';

/** Whether anything ejects a server. */
export function ejects(outlier: OutlierDetectionConfig): boolean {
  return ejectsFailing(outlier) || outlier.latencyFactor > 0;
}

/** Whether failures do. */
function ejectsFailing({ consecutiveFailures, failurePercent }: OutlierDetectionConfig): boolean {
  return consecutiveFailures > 0 || failurePercent > 0;
}

/** Ejection of servers that fail on real traffic. */
export const outlierRules: readonly PoolRule[] = [
  {
    name: 'ejection-off',
    settings: ['outlierDetection'],
    find: (view) => {
      if (ejects(view.pool.outlierDetection)) return null;
      // `statuses` also says what the circuit breaker and a server's count of failures call one.
      const keys = written(view, 'outlierDetection', [
        'window',
        'minimumRequests',
        'minimumLatency',
        'baseEjection',
        'maxEjection',
        'maxEjectedPercent',
        'ejectLast',
      ]);
      if (keys.length === 0) return null;
      return {
        at: ['outlierDetection', keys[0]!],
        message: `${listed(keys)} ${have(keys)} no effect: nothing ejects a server while consecutiveFailures, failurePercent and latencyFactor are all off; turn one on, or leave the others out`,
      };
    },
  },
  {
    name: 'ejection-of-the-only-server',
    settings: ['outlierDetection', 'servers', 'ejectLast'],
    find: (view) => {
      const { servers, outlierDetection: outlier } = view.pool;
      if (servers.length > 1 || outlier.ejectLast || !ejectsFailing(outlier)) return null;
      // Those of slow servers `latency-without-others` names: to them `ejectLast` is no help.
      const keys = written(view, 'outlierDetection', [
        ...(outlier.consecutiveFailures > 0 ? (['consecutiveFailures'] as const) : []),
        ...(outlier.failurePercent > 0 ? (['failurePercent'] as const) : []),
        'window',
        'minimumRequests',
        'baseEjection',
        'maxEjection',
        'maxEjectedPercent',
      ]);
      if (keys.length === 0) return null;
      return {
        at: ['outlierDetection', keys[0]!],
        message: `${listed(keys)} ${keys.length === 1 ? 'ejects' : 'eject'} nobody: the last available server never is, and there is one; add servers, or write ejectLast: true`,
      };
    },
  },
  {
    name: 'latency-without-others',
    settings: ['latencyFactor', 'ejectLast', 'servers'],
    find: (view) => {
      const { servers, affinity, outlierDetection: outlier } = view.pool;
      if (outlier.latencyFactor === 0) return null;
      // Whoever gets no requests has no response time to compare with.
      const asked = servers.filter(({ weight }) => weight > 0 || affinity.type !== 'none');
      if (asked.length > 1) return null;
      const keys = written(view, 'outlierDetection', [
        'latencyFactor',
        'minimumLatency',
        ...(ejectsFailing(outlier)
          ? []
          : (['minimumRequests', 'baseEjection', 'maxEjection', 'maxEjectedPercent', 'ejectLast'] as const)),
      ]);
      if (keys.length === 0) return null;
      const why =
        servers.length === 1 ? 'there is one' : 'those of weight 0 get no requests, and leave one at most';
      return {
        at: ['outlierDetection', keys[0]!],
        message: `${listed(keys)} ${have(keys)} no effect: a server is slow in comparison with others, and ${why}; add servers, or leave ${keys.length === 1 ? 'it' : 'them'} out`,
      };
    },
  },
  {
    name: 'window-without-percent',
    settings: ['window', 'minimumRequests', 'failurePercent'],
    find: (view) => {
      const { outlierDetection: outlier } = view.pool;
      if (outlier.failurePercent > 0 || !ejects(outlier)) return null;
      // Of response times too a few say nothing.
      const keys = written(
        view,
        'outlierDetection',
        outlier.latencyFactor > 0 ? ['window'] : ['window', 'minimumRequests'],
      );
      if (keys.length === 0) return null;
      return {
        at: ['outlierDetection', keys[0]!],
        message: `${listed(keys)} ${have(keys)} no effect: they are for the share of failures, which nothing looks at while failurePercent is 0; write failurePercent: 50 as well, or leave ${keys.length === 1 ? 'it' : 'them'} out`,
      };
    },
  },
  {
    name: 'latency-floor-without-factor',
    settings: ['minimumLatency', 'latencyFactor'],
    find: ({ pool: { outlierDetection: outlier }, wrote }) =>
      outlier.latencyFactor === 0 && ejects(outlier) && wrote('outlierDetection', 'minimumLatency')
        ? {
            at: ['outlierDetection', 'minimumLatency'],
            message:
              'minimumLatency has no effect: no server is ejected for being slow; write latencyFactor: 5 as well, or leave it out',
          }
        : null,
  },
  {
    name: 'ejection-longer-than-longest',
    settings: ['baseEjection', 'maxEjection'],
    find: ({ pool: { outlierDetection: outlier }, wrote }) =>
      ejects(outlier) &&
      wrote('outlierDetection', 'baseEjection') &&
      outlier.baseEjectionMs > outlier.maxEjectionMs
        ? {
            at: ['outlierDetection', 'baseEjection'],
            message: `no ejection lasts as long as baseEjection: maxEjection cuts every one to ${formatDuration(outlier.maxEjectionMs)}; write no more than that, or raise maxEjection`,
          }
        : null,
  },
  {
    name: 'ejected-percent-below-one-server',
    settings: ['maxEjectedPercent', 'servers'],
    find: ({ pool: { servers, outlierDetection: outlier } }) => {
      const share = (outlier.maxEjectedPercent / 100) * servers.length;
      if (servers.length < 2 || share >= 1 || !ejects(outlier)) return null;
      return {
        at: ['outlierDetection', 'maxEjectedPercent'],
        message: `maxEjectedPercent: ${outlier.maxEjectedPercent} is less than one of ${servers.length} servers, and one always may be ejected: it is ${Math.ceil(100 / servers.length)} percent in effect; write that, or more`,
      };
    },
  },
  {
    name: 'circuit-off',
    settings: ['circuitBreaker'],
    find: (view) => {
      if (view.pool.circuitBreaker.failurePercent > 0) return null;
      const keys = written(view, 'circuitBreaker', [
        'window',
        'minimumRequests',
        'open',
        'maxOpen',
        'trials',
      ]);
      if (keys.length === 0) return null;
      return {
        at: ['circuitBreaker', keys[0]!],
        message: `${listed(keys)} ${have(keys)} no effect: the circuit never opens while failurePercent is 0; write failurePercent: 50 as well, or leave ${keys.length === 1 ? 'it' : 'them'} out`,
      };
    },
  },
  {
    name: 'circuit-open-longer-than-longest',
    settings: ['open', 'maxOpen'],
    find: ({ pool: { circuitBreaker: circuit }, wrote }) =>
      circuit.failurePercent > 0 && wrote('circuitBreaker', 'open') && circuit.openMs > circuit.maxOpenMs
        ? {
            at: ['circuitBreaker', 'open'],
            message: `the circuit never stays open as long as open says: maxOpen cuts it to ${formatDuration(circuit.maxOpenMs)}; write no more than that, or raise maxOpen`,
          }
        : null,
  },
];
