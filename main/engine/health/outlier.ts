import type { OutlierDetectionConfig } from '@shared/config/schema.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import type { EventLog } from '../journal/event-log.ts';
import type { Server } from '../pool/server.ts';

export interface OutlierDeps {
  readonly clock: Clock;
  readonly events: EventLog;
  /** Whether another server of the pool takes new clients now. */
  othersAvailable(server: Server): boolean;
}

/**
 * Notes a failed attempt of real traffic. Enough in a row eject the server: for `baseEjection` times the number of its
 * ejections, at most `maxEjection`, as Envoy does. The last available server of a pool is never ejected.
 */
export function noteFailure(
  server: Server,
  wasTrial: boolean,
  config: OutlierDetectionConfig,
  deps: OutlierDeps,
): void {
  server.consecutiveFailures += 1;
  if (config.consecutiveFailures === 0) return;
  if (server.ejectedUntil !== 0) {
    // Others are from before the ejection, or the server was asked in it because there was no other.
    if (wasTrial && deps.clock.now() >= server.ejectedUntil)
      eject(server, config, deps, 'its trial request failed');
    return;
  }
  if (server.consecutiveFailures < config.consecutiveFailures) return;
  if (!deps.othersAvailable(server)) return;
  eject(server, config, deps, `${server.consecutiveFailures} attempts in a row failed`);
}

/** Notes an attempt that went well: after an ejection it was the trial, and the server is back. */
export function noteSuccess(
  server: Server,
  wasTrial: boolean,
  deps: Pick<OutlierDeps, 'clock' | 'events'>,
): void {
  server.consecutiveFailures = 0;
  if (wasTrial) takeBack(server, 'its trial request went well', deps);
}

/** Ends an ejection. @param reason completes `api-2 is back: ` */
export function takeBack(server: Server, reason: string, deps: Pick<OutlierDeps, 'clock' | 'events'>): void {
  if (server.ejectedUntil === 0) return;
  server.ejectedUntil = 0;
  server.ejectedUntilMs = null;
  server.endTrial();
  server.consecutiveFailures = 0;
  server.returnedAt = deps.clock.now();
  deps.events.add('server-returned', 'good', `${server.name} is back: ${reason}`, {
    pool: server.pool,
    server: server.id,
  });
}

function eject(server: Server, config: OutlierDetectionConfig, deps: OutlierDeps, reason: string): void {
  const now = deps.clock.now();
  // Who kept a clean record for as long as the longest ejection starts anew.
  if (server.returnedAt !== 0 && now - server.returnedAt >= config.maxEjectionMs) server.timesEjected = 0;
  server.timesEjected += 1;
  const ms = Math.min(config.baseEjectionMs * server.timesEjected, config.maxEjectionMs);
  server.ejectedUntil = now + ms;
  server.ejectedUntilMs = Math.round(deps.clock.epoch() + ms);
  server.endTrial();
  // So that a return counts from the next one on.
  server.returnedAt = 0;
  deps.events.add(
    'server-ejected',
    'bad',
    `${server.name} is ejected for ${formatDuration(ms)}: ${reason}${server.timesEjected > 1 ? `, ejection number ${server.timesEjected}` : ''}`,
    { pool: server.pool, server: server.id },
  );
}
