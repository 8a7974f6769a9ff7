import type { ServerStatus } from '@shared/contract/server-values.ts';

/** Of a server that is well, as the engine tells it; by itself `api/api-1`. */
export const serverStatus = (more: Partial<ServerStatus> = {}): ServerStatus => ({
  id: 'api/api-1',
  pool: 'api',
  name: 'api-1',
  address: '127.0.0.1:3001',
  adminState: 'ready',
  drainUntilMs: null,
  verdict: 'healthy',
  verdictSinceMs: 0,
  ejectedUntilMs: null,
  ejectedBecause: null,
  timesEjected: 0,
  notEjected: null,
  effectiveWeight: 1,
  inPanic: false,
  available: true,
  reason: null,
  lastProbe: { atMs: 0, succeeded: true, durationMs: 1, detail: '200' },
  lastFailedProbe: null,
  probesRun: 1,
  probesFailed: 0,
  ...more,
});
