import type { OutlierDetectionConfig } from '@shared/config/schema.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import type { Clock } from '../clock.ts';
import type { EventLog } from '../journal/event-log.ts';
import { reasonWords } from '../journal/words.ts';
import { unavailability } from '../pool/availability.ts';
import type { Server } from '../pool/server.ts';
import type { OutlierCause, WithheldReason } from './outlier-cells.ts';
import { outlierText, withheldText } from './outlier-text.ts';

export interface OutlierDeps {
  readonly clock: Clock;
  readonly events: EventLog;
  /** Of the pool, in configured order. */
  servers(): readonly Server[];
  /** Whether another server of the pool takes new clients now. */
  othersAvailable(server: Server): boolean;
}

/**
 * Notes a failed attempt of real traffic, after `window` has counted it. Enough in a row, or too large a share of the window's, eject
 * the server: for `baseEjection` times the number of its ejections, at most `maxEjection`, as Envoy does.
 */
export function noteFailure(
  server: Server,
  wasTrial: boolean,
  config: OutlierDetectionConfig,
  deps: OutlierDeps,
): void {
  server.consecutiveFailures += 1;
  if (!isOn(config)) return;
  judge(server, wasTrial, 0, config, deps);
}

/**
 * Notes an attempt that another, begun later beside it, was answered before (retry.hedge). It may be slow or hang: nobody waited to see.
 * So one of them says nothing; `consecutiveFailures` of them in a row, with no answer and no matter how many failures between, say
 * that the server does not keep up with its neighbours. A share of failures (`failurePercent`) is of attempts that were seen to their end. A
 * trial is there to be answered: where it is overtaken the ejection goes on.
 */
export function noteOvertaken(
  server: Server,
  wasTrial: boolean,
  config: OutlierDetectionConfig,
  deps: OutlierDeps,
): void {
  server.consecutiveFailures += 1;
  server.outlier.overtaken += 1;
  if (isOn(config)) judge(server, wasTrial, 1, config, deps);
}

/** @param overtaken 1 where the last attempt was, 0 where it failed */
function judge(
  server: Server,
  wasTrial: boolean,
  overtaken: number,
  config: OutlierDetectionConfig,
  deps: OutlierDeps,
): void {
  if (server.hasLeft) return;
  if (server.ejectedUntil !== 0) {
    // Others are from before the ejection, or the server was asked in it because there was no other.
    if (wasTrial && deps.clock.now() >= server.ejectedUntil) {
      server.outlier.setCause('trial', 0, overtaken);
      eject(server, config, deps);
    }
    return;
  }
  if (failsInARow(server, config))
    tryToEject(server, 'consecutive', server.consecutiveFailures, server.outlier.overtaken, config, deps);
  else if (failsTooOften(server, config, deps.clock.now())) {
    const { failed, ended } = server.outlier.window;
    tryToEject(server, 'percent', failed, ended, config, deps);
  }
}

/** Notes an attempt that went well: after an ejection it was the trial, and the server is back. */
export function noteSuccess(
  server: Server,
  wasTrial: boolean,
  deps: Pick<OutlierDeps, 'clock' | 'events'>,
): void {
  server.consecutiveFailures = 0;
  server.outlier.overtaken = 0;
  if (wasTrial) takeBack(server, 'its trial request went well', deps);
}

/** Where nothing of it is on, nobody would ever be ejected, and nobody stays so. To be called under the pool's lock. */
export function endEjectionsWhereOff(config: OutlierDetectionConfig, deps: OutlierDeps): void {
  if (isOn(config)) return;
  for (const server of deps.servers()) takeBack(server, 'outlier detection was turned off', deps);
}

/** Ends an ejection, but not of one that has left: its process comes back under its new name. @param reason completes `api-2 is back: `, which is said where nothing else keeps new clients away */
export function takeBack(server: Server, reason: string, deps: Pick<OutlierDeps, 'clock' | 'events'>): void {
  if (server.ejectedUntil === 0 || server.hasLeft) return;
  server.ejectedUntil = 0;
  server.ejectedUntilMs = null;
  server.endTrial();
  server.consecutiveFailures = 0;
  server.outlier.overtaken = 0;
  server.returnedAt = deps.clock.now();
  // What it did before is punished already.
  server.outlier.window.clear();
  server.outlier.setCause('none', 0, 0);
  server.beginSlowStart(server.returnedAt);
  const other = unavailability(server, server.returnedAt, false);
  const about = { pool: server.pool, server: server.id };
  // Who is only full is back all the same.
  if (other === null || other === 'full')
    deps.events.add('server-returned', 'good', `${server.name} is back: ${reason}`, about);
  else {
    const text = `The ejection of ${server.name} is over: ${reason}. It is still ${reasonWords[other]}`;
    deps.events.add('server-returned', 'neutral', text, about);
  }
}

/** An ejection that was withheld, and has no reason any more, is forgotten. To be called a few times a second, in one thread. */
export function forgetWithheld(server: Server, config: OutlierDetectionConfig, now: number): void {
  const { outlier } = server;
  if (outlier.withheld === 'none') return;
  // Who is slow is judged once a second, by `ejectSlow`.
  if (outlier.cause === 'latency' && config.latencyFactor !== 0) return;
  if (!failsInARow(server, config) && !failsTooOften(server, config, now)) forgetReason(server);
}

/** There is no reason to eject it any more. One that is ejected keeps its reason until it is back. */
export function forgetReason({ ejectedUntil, outlier }: Server): void {
  if (ejectedUntil !== 0) return;
  outlier.withheld = 'none';
  outlier.setCause('none', 0, 0);
}

/** Ejects a server for that reason where it may be; otherwise tells once that it is not, and why. */
export function tryToEject(
  server: Server,
  cause: OutlierCause,
  measured: number,
  against: number,
  config: OutlierDetectionConfig,
  deps: OutlierDeps,
): void {
  const { outlier } = server;
  const why = whyNot(server, config, deps);
  if (why !== 'none' && outlier.withheld !== 'none') return;
  outlier.setCause(cause, measured, against);
  outlier.withheld = why;
  if (why === 'none') eject(server, config, deps);
  else
    deps.events.add(
      'ejection-withheld',
      'bad',
      `${server.name} would be ejected: ${withheldText(outlier, config)}`,
      { pool: server.pool, server: server.id },
    );
}

/** How many ejections the next one of a server is the last of: clean time takes one off for each `baseEjection`. */
export function timesEjected(
  server: Server,
  { baseEjectionMs }: OutlierDetectionConfig,
  now: number,
): number {
  const times = server.timesEjected;
  if (server.returnedAt === 0) return times;
  return Math.max(0, times - Math.floor((now - server.returnedAt) / baseEjectionMs));
}

function isOn({ consecutiveFailures, failurePercent, latencyFactor }: OutlierDetectionConfig): boolean {
  return consecutiveFailures !== 0 || failurePercent !== 0 || latencyFactor !== 0;
}

function failsInARow(server: Server, { consecutiveFailures }: OutlierDetectionConfig): boolean {
  return consecutiveFailures !== 0 && server.consecutiveFailures >= consecutiveFailures;
}

/** Reads the window where the share of failures matters. */
function failsTooOften(server: Server, config: OutlierDetectionConfig, now: number): boolean {
  const { failurePercent, windowMs, minimumRequests } = config;
  if (failurePercent === 0) return false;
  const { window } = server.outlier;
  window.read(now, windowMs);
  return (
    window.failed > 0 &&
    window.ended >= minimumRequests &&
    window.failed * 100 >= failurePercent * window.ended
  );
}

/** Envoy's default cap of 10 % ejects nobody of fewer than ten: so one always may be, as with its `always_eject_one_host`. */
function whyNot(server: Server, config: OutlierDetectionConfig, deps: OutlierDeps): WithheldReason {
  if (!config.ejectLast && !deps.othersAvailable(server)) return 'last';
  let inService = 0;
  let ejected = 0;
  for (const each of deps.servers()) {
    if (each.adminState === 'maintenance') continue;
    inService += 1;
    if (each.ejectedUntil !== 0) ejected += 1;
  }
  const most = Math.max(1, Math.floor((inService * config.maxEjectedPercent) / 100));
  return ejected < most ? 'none' : 'most';
}

function eject(server: Server, config: OutlierDetectionConfig, deps: OutlierDeps): void {
  const now = deps.clock.now();
  server.timesEjected = timesEjected(server, config, now) + 1;
  const ms = Math.min(config.baseEjectionMs * server.timesEjected, config.maxEjectionMs);
  server.ejectedUntil = now + ms;
  server.ejectedUntilMs = Math.round(deps.clock.epoch() + ms);
  server.endTrial();
  // It is out for what it did: a strategy that goes by time is not to keep it out longer, and asks it for its trial at once.
  server.forgetLatency();
  // So that a return counts from the next one on.
  server.returnedAt = 0;
  const reason = outlierText(server.outlier, config);
  deps.events.add(
    'server-ejected',
    'bad',
    `${server.name} is ejected for ${formatDuration(ms)}: ${reason}${server.timesEjected > 1 ? `, ejection number ${server.timesEjected}` : ''}`,
    { pool: server.pool, server: server.id },
  );
}
