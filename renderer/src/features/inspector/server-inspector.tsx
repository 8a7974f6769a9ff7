import { ejectionStage } from '@shared/contract/ejection-stage.ts';
import type { Probe, ServerStatus } from '@shared/contract/server-values.ts';
import { useMemo } from 'react';
import { formatCount, formatMs, formatRate, formatShare, formatTime, none } from '../../metrics/format.ts';
import { metricsHistory } from '../../metrics/history.ts';
import { LiveText } from '../../metrics/live.tsx';
import { type ChartSeries, TimeChart } from '../../metrics/time-chart.tsx';
import { useNow } from '../../metrics/use-now.ts';
import { serverColour } from '../../store/colours.ts';
import { selectWeight, useConfig } from '../../store/config.ts';
import { useEvents } from '../../store/events.ts';
import { select, showRequests } from '../../store/interface.ts';
import { useReplicaAt } from '../../store/replicas.ts';
import { deadlineOf, leftText, serverCondition } from '../../store/server-condition.ts';
import { useServerStatus } from '../../store/servers.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Fact, Facts, InspectHead } from './inspect-head.tsx';
import { serverName } from './present-decision.ts';
import { ProbeStrip } from './probe-strip.tsx';

const mostEvents = 8;

/** One server: the facts its availability follows from, what is measured of it, what happened to it lately. */
export function ServerInspector({ id }: { id: string }) {
  const record = useConfig(({ servers }) => servers[id]);
  const healthCheck = useConfig(({ pools }) => (record ? pools[record.pool]?.healthCheck : undefined));
  const weight = useConfig(selectWeight(id));
  const status = useServerStatus(id);
  const replica = useReplicaAt(record?.address);
  const nowMs = useNow(deadlineOf(status));
  const condition = serverCondition(status, replica, healthCheck, nowMs);
  if (!record) {
    return (
      <div className="inspect">
        <InspectHead title={serverName(id)} />
        <p className="inspect-note">This server is no longer in the configuration.</p>
        <RecentEvents id={id} />
      </div>
    );
  }
  return (
    <div className="inspect">
      <InspectHead title={record.name}>
        <code>{record.address}</code>
        <span className={`state ${condition.tone}`}>
          <Icon name={condition.icon} size={14} />
          {condition.word}
        </span>
      </InspectHead>
      <p className="inspect-line">{condition.reason}</p>

      <div className="server-now">
        <dl>
          <Measured name="req/s" read={() => formatRate(metricsHistory.latest?.servers[id]?.ratePerSecond)} />
          <Measured name="p50" read={() => ms(metricsHistory.latest?.servers[id]?.p50Ms)} />
          <Measured name="p95" read={() => ms(metricsHistory.latest?.servers[id]?.p95Ms)} />
          <Measured name="p99" read={() => ms(metricsHistory.latest?.servers[id]?.p99Ms)} />
          <Measured
            name="active"
            read={() => formatCount(metricsHistory.latest?.servers[id]?.activeRequests ?? 0)}
          />
        </dl>
        <ServerCharts id={id} colour={serverColour(record.address)} />
      </div>

      <h3>Availability</h3>
      <Facts>
        <Fact name="Wanted by you">
          {status ? adminWords[status.adminState] : none}
          {status?.drainUntilMs != null &&
            `, empty by ${formatTime(status.drainUntilMs)}, ${leftText(status.drainUntilMs, nowMs)} left`}
        </Fact>
        <Fact name="Health check">{verdictText(status)}</Fact>
        <Fact name="Last probe">{probeText(status?.lastProbe)}</Fact>
        {status?.lastFailedProbe && status.lastFailedProbe.atMs !== status.lastProbe?.atMs && (
          <Fact name="Last failed">{probeText(status.lastFailedProbe)}</Fact>
        )}
        <Fact name="Ejected">{ejectedText(status, nowMs)}</Fact>
        <Fact name="New clients">
          {status ? (status.available ? 'taken' : `not taken: ${status.reason}`) : none}
        </Fact>
      </Facts>

      {healthCheck?.type !== 'none' && (
        <ProbeStrip pool={record.pool} server={record.name} run={status?.probesRun ?? 0} />
      )}

      <h3>Share of pool {record.pool}</h3>
      <Facts>
        <Fact name="Weight">
          {weight}
          {status && status.effectiveWeight < weight && `, ${status.effectiveWeight} now: slow start`}
        </Fact>
        <Fact name="Had">
          <LiveText read={(metrics) => formatShare(metrics?.servers[id]?.shareHad)} />
        </Fact>
        <Fact name="Wanted">
          <LiveText read={(metrics) => formatShare(metrics?.servers[id]?.shareWanted)} />
        </Fact>
        <Fact name="Requests">
          <LiveText read={(metrics) => formatCount(metrics?.servers[id]?.requests ?? 0)} />
        </Fact>
        <Fact name="Failed attempts">
          <LiveText read={(metrics) => formatCount(metrics?.servers[id]?.failedAttempts ?? 0)} />
        </Fact>
      </Facts>

      {replica && (
        <>
          <h3>Process</h3>
          <Facts>
            <Fact name="Command">
              <code>{replica.command}</code>
            </Fact>
            <Fact name="Process id">{replica.pid ?? none}</Fact>
            <Fact name="Started">
              {replica.startedAtMs === null ? none : formatTime(replica.startedAtMs)}
            </Fact>
          </Facts>
          {replica.exit && replica.exit.output.trim() !== '' && (
            <pre className="output">{replica.exit.output.trim()}</pre>
          )}
        </>
      )}
      <RecentEvents id={id} />
      <p className="inspect-more">
        <Button icon="requests" onPress={() => showRequests({ pool: record.pool, server: id })}>
          Its requests
        </Button>
      </p>
    </div>
  );
}

const adminWords = {
  ready: 'ready',
  drain: 'draining: no new clients',
  maintenance: 'maintenance: taken out, not probed',
} as const;

function verdictText(status: ServerStatus | undefined): string {
  if (!status) return none;
  if (status.verdict === 'unknown') return 'no verdict yet';
  return `${status.verdict} since ${formatTime(status.verdictSinceMs)}`;
}

function ejectedText(status: ServerStatus | undefined, nowMs: number): string {
  if (!status) return none;
  const { ejectedUntilMs, ejectedBecause, notEjected, timesEjected } = status;
  if (notEjected !== null) return `no: ${notEjected}`;
  if (ejectedUntilMs === null) return timesEjected === 0 ? 'no' : `no; counted lately: ${timesEjected}`;
  const stage = ejectionStage(status, nowMs);
  const when =
    stage === 'ejected'
      ? `until ${formatTime(ejectedUntilMs)}, ${leftText(ejectedUntilMs, nowMs)} left`
      : stage === 'on-trial'
        ? 'a trial request is under way'
        : 'awaiting a trial request';
  return `${when}: ${ejectedBecause}`;
}

function probeText(probe: Probe | null | undefined): string {
  if (!probe) return none;
  return `${probe.detail}, ${formatMs(probe.durationMs)} ms, at ${formatTime(probe.atMs)}`;
}

function ms(value: number | null | undefined): string {
  const text = formatMs(value);
  return text === none ? none : `${text} ms`;
}

function Measured({ name, read }: { name: string; read: () => string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <LiveText read={read} />
      </dd>
    </div>
  );
}

const chartHeight = 92;

function ServerCharts({ id, colour }: { id: string; colour: string }) {
  const rate = useMemo<ChartSeries[]>(
    () => [{ label: 'req/s', ring: () => metricsHistory.server(id).rate, colour }],
    [id, colour],
  );
  const times = useMemo<ChartSeries[]>(
    () => [{ label: 'p95', ring: () => metricsHistory.server(id).p95, colour }],
    [id, colour],
  );
  return (
    <>
      <TimeChart title="Requests per second" series={rate} format={formatRate} height={chartHeight} />
      <TimeChart title="p95 of the last 10 s, ms" series={times} format={formatMs} height={chartHeight} />
    </>
  );
}

function RecentEvents({ id }: { id: string }) {
  const entries = useEvents((log) => log.entries);
  const events = useMemo(
    () =>
      entries
        .filter(({ server }) => server === id)
        .slice(-mostEvents)
        .reverse(),
    [entries, id],
  );
  if (events.length === 0) return null;
  return (
    <>
      <h3>Lately</h3>
      <ul className="recent">
        {events.map((event) => (
          <li key={event.sequence} className={event.tone}>
            <time>{formatTime(event.atMs)}</time>
            {event.request === null ? (
              <span>{event.text}</span>
            ) : (
              <button
                type="button"
                className="link"
                onClick={() => event.request !== null && select({ kind: 'request', id: event.request })}
              >
                {event.text}
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
