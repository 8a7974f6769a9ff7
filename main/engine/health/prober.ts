import type { HealthCheckConfig } from '@shared/config/schema.ts';
import type { Verdict } from '@shared/contract/server-values.ts';
import type { Clock } from '../clock.ts';
import type { EventLog } from '../journal/event-log.ts';
import type { Server } from '../pool/server.ts';
import type { Lock } from '../threads/lock.ts';
import { takeBack } from './outlier.ts';
import { type ActiveHealthCheck, type ProbeResult, probeServer } from './probe.ts';

/** The closest that failing traffic may call for probes. */
const closestMs = 100;

/** How a server is asked: over the network, or in a simulation by whoever plays it. Never rejects. */
export type ProbeServer = typeof probeServer;

export interface ProberDeps {
  /** `probeServer` where it is left out. */
  readonly probe?: ProbeServer;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventLog;
  /** Of the server's pool: what ends an ejection is done under it. */
  readonly lock?: Pick<Lock, 'acquire' | 'release'>;
}

/** Probes one server at its interval and keeps its verdict. Never two probes at once. */
export interface Prober {
  start(): void;
  stop(): void;
  /** Takes over a changed health check; what is known stays, unless there is no check any more. */
  configure(check: HealthCheckConfig): void;
  /** Probes now, or right after the probe that runs: what that one sees may be of before. */
  probeNow(): void;
  /** Like `probeNow`, at most every 100 ms: for failing traffic, which comes thousands of times a second. */
  probeSoon(): void;
  /** The administrative state has changed: a server in maintenance is not probed, and what was known of it is forgotten. */
  adminStateChanged(): void;
}

export function createProber(server: Server, initial: HealthCheckConfig, deps: ProberDeps): Prober {
  const { clock, random, events, probe = probeServer } = deps;
  const about = { pool: server.pool, server: server.id };
  let check = initial;
  let started = false;
  let running = false;
  /** Asked for while one was running. */
  let again: 'no' | 'soon' | 'now' = 'no';
  /** Grows when what a running probe will see is of no interest any more. */
  let generation = 0;
  let lastStartedAt = Number.NEGATIVE_INFINITY;
  /** Probes in a row that contradict the verdict. */
  let against = 0;
  let cancel = (): void => {};

  const isActive = (): boolean => started && check.type !== 'none' && server.adminState !== 'maintenance';

  function schedule(ms: number): void {
    cancel();
    if (!isActive()) return;
    if (ms <= 0) begin();
    else cancel = clock.after(ms, begin);
  }

  function begin(): void {
    if (!isActive() || check.type === 'none') return;
    if (running) {
      again = 'now';
      return;
    }
    cancel();
    running = true;
    again = 'no';
    lastStartedAt = clock.now();
    const used = check;
    const begun = generation;
    void probe(used, server.endpoint, clock).then((result) => {
      running = false;
      if (!isActive()) return;
      if (begun === generation && !result.ownFault) note(result, used);
      schedule(again === 'no' ? nextDelayMs() : again === 'now' ? 0 : untilAllowedMs());
    });
  }

  function untilAllowedMs(): number {
    return Math.max(0, lastStartedAt + closestMs - clock.now());
  }

  /** HAProxy's `fastinter` while the verdict is changing, `downinter` while the server is down, `inter` otherwise. */
  function nextDelayMs(): number {
    if (check.type === 'none') return 0;
    const isDown = server.verdict === 'unhealthy';
    const base = against > 0 ? check.fastIntervalMs : isDown ? check.downIntervalMs : check.intervalMs;
    return base * (1 + (check.jitter / 100) * (2 * random() - 1));
  }

  /** What the file takes a server for that nothing is known of. */
  function assume(): void {
    if (!isActive() || check.type === 'none' || server.verdict !== 'unknown' || check.initial === 'unknown')
      return;
    server.verdict = check.initial;
    server.verdictSinceMs = Math.round(clock.epoch());
    const untilWhen =
      check.initial === 'healthy'
        ? `${check.fall} probes in a row fail`
        : `${check.rise} probes in a row succeed`;
    events.add(
      'verdict-changed',
      'neutral',
      `${server.name} is taken for ${check.initial} until ${untilWhen} (initial)`,
      about,
    );
  }

  function note({ succeeded, connected, detail }: ProbeResult, used: ActiveHealthCheck): void {
    server.unreachableAt = connected ? 0 : lastStartedAt;
    server.answersProbes = succeeded;
    const durationMs = Math.round((clock.now() - lastStartedAt) * 100) / 100;
    judge(succeeded, detail, used);
    server.probes.add({ atMs: Math.round(clock.epoch()), succeeded, durationMs, detail }, server.verdict);
  }

  function judge(succeeded: boolean, detail: string, used: ActiveHealthCheck): void {
    const seen: Verdict = succeeded ? 'healthy' : 'unhealthy';
    if (seen === server.verdict) {
      against = 0;
      return;
    }
    against += 1;
    if (!succeeded) events.add('probe-failed', 'bad', `A probe of ${server.name} failed: ${detail}`, about);
    // Nothing is known yet: one probe decides, so that the picture is true soon after start.
    const needed = server.verdict === 'unknown' ? 1 : succeeded ? used.rise : used.fall;
    if (against < needed) return;
    const verb = succeeded ? 'succeeded' : 'failed';
    const why =
      needed === 1
        ? `its probe ${verb} (${detail})`
        : `${needed} probes in a row ${verb}, the last one with: ${detail}`;
    setVerdict(seen, why);
  }

  function setVerdict(verdict: Verdict, why: string): void {
    against = 0;
    if (server.verdict === verdict) return;
    const before = server.verdict;
    server.verdict = verdict;
    server.verdictSinceMs = Math.round(clock.epoch());
    if (verdict === 'unknown') return;
    const tone = verdict === 'healthy' ? 'good' : 'bad';
    events.add('verdict-changed', tone, `${server.name} is ${verdict}: ${why}`, about);
    if (verdict === 'unhealthy') server.connections?.batching.record.serverGone();
    // As in Envoy, what a health check found well again need not wait for its ejection to end.
    if (verdict !== 'healthy' || before !== 'unhealthy') return;
    // It may be another process by now.
    server.forgetLatency();
    server.beginSlowStart(clock.now());
    deps.lock?.acquire();
    takeBack(server, 'its health check succeeds', deps);
    deps.lock?.release();
  }

  return {
    start() {
      started = true;
      if (server.verdictSinceMs === 0) server.verdictSinceMs = Math.round(clock.epoch());
      assume();
      schedule(0);
    },
    stop() {
      started = false;
      cancel();
    },
    configure(next) {
      if (JSON.stringify(next) === JSON.stringify(check)) return;
      check = next;
      against = 0;
      generation += 1;
      if (next.type === 'none') setVerdict('unknown', 'there is no health check');
      cancel();
      if (started) begin();
    },
    probeNow: begin,
    probeSoon() {
      if (running) {
        if (again === 'no') again = 'soon';
      } else if (again === 'no') {
        again = 'soon';
        schedule(untilAllowedMs());
      }
    },
    adminStateChanged() {
      if (server.adminState === 'maintenance') {
        cancel();
        generation += 1;
        setVerdict('unknown', 'it is in maintenance');
        server.probes.last = null;
      } else if (server.verdict === 'unknown') {
        assume();
        begin();
      }
    },
  };
}
