import { formatDuration } from '../../lib/duration.ts';
import type { OutlierDetectionConfig } from '../schema.ts';
import { have, listed, type PoolRule, written } from './lint-rule.ts';

/** Whether anything ejects a server. */
export function ejects({
  consecutiveFailures,
  failurePercent,
  latencyFactor,
}: OutlierDetectionConfig): boolean {
  return consecutiveFailures > 0 || failurePercent > 0 || latencyFactor > 0;
}

/** Ejection of servers that fail on real traffic. */
export const outlierRules: readonly PoolRule[] = [
  {
    name: 'ejection-off',
    settings: ['outlierDetection'],
    find: (view) => {
      if (ejects(view.pool.outlierDetection)) return null;
      const keys = written(view, 'outlierDetection', [
        'window',
        'minimumRequests',
        'minimumLatency',
        'statuses',
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
    find: ({ pool: { servers, outlierDetection }, wrote }) =>
      servers.length === 1 &&
      wrote('outlierDetection') &&
      ejects(outlierDetection) &&
      !outlierDetection.ejectLast
        ? {
            at: ['outlierDetection'],
            message:
              'outlierDetection has no effect: the last available server is never ejected, and there is one; add servers, or write ejectLast: true',
          }
        : null,
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
        message: `${listed(keys)} ${have(keys)} no effect: failures in a row are counted without them; write failurePercent: 50 as well, or leave ${keys.length === 1 ? 'it' : 'them'} out`,
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
    find: ({ pool: { outlierDetection: outlier } }) =>
      ejects(outlier) && outlier.baseEjectionMs > outlier.maxEjectionMs
        ? {
            at: ['outlierDetection', 'baseEjection'],
            message: `baseEjection has no effect: maxEjection cuts every ejection to ${formatDuration(outlier.maxEjectionMs)}; write less, or raise maxEjection`,
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
        message: `maxEjectedPercent: ${outlier.maxEjectedPercent} is less than one of ${servers.length} servers, and one always may be ejected: it is ${Math.round(100 / servers.length)} percent in effect; write that, or more`,
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
    find: ({ pool: { circuitBreaker: circuit } }) =>
      circuit.failurePercent > 0 && circuit.openMs > circuit.maxOpenMs
        ? {
            at: ['circuitBreaker', 'open'],
            message: `open has no effect: maxOpen cuts it to ${formatDuration(circuit.maxOpenMs)}; write less, or raise maxOpen`,
          }
        : null,
  },
];
