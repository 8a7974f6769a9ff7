import { limitKeyText } from '@shared/catalog/limit-text.ts';
import { limits } from '@shared/catalog/limits.ts';
import type { Config } from '@shared/config/schema.ts';
import type { Metrics } from '@shared/contract/metrics-values.ts';
import type { ServerStatus } from '@shared/contract/server-values.ts';
import type { Session } from '@shared/contract/session-values.ts';
import { named } from './named.ts';
import type { Output } from './output.ts';
import { type ChooseOptions, readState, withRunning } from './running.ts';
import { moreSessions, whyNoSessions } from './session-words.ts';
import { type Column, clockTime, milliseconds, percent, rate, table } from './table.ts';
import { stateTone, stateWord, tellCircuits, tellEjections } from './tell-failing.ts';

/** Commands that look at the Ballast that runs and change nothing. */

export async function status(output: Output, options: ChooseOptions): Promise<void> {
  await withRunning(options, async (client, run) => {
    const [{ servers, listeners, metrics, resources }, { current }, system] = await Promise.all([
      client.call('status.get', {}),
      readState(client, 'config'),
      readState(client, 'system'),
    ]);
    const { version } = client;
    if (output.json) {
      return output.object({
        version,
        controlPort: run.port,
        threads: current?.config.dataPlane.threads ?? null,
        ...system,
        listeners,
        servers,
        metrics,
        resources,
      });
    }
    const { total } = metrics;
    output.line(
      `Ballast ${version}  ${system.workspace?.title ?? ''}  engine ${system.engine?.state ?? 'unknown'}${threadsText(current?.config)}`,
    );
    for (const { message, line, column } of system.workspace?.problems ?? []) {
      const place = line === null ? '' : `line ${line}, column ${column ?? 1}: `;
      output.line(output.paint('bad', `The file on disk cannot run: ${place}${message}`));
    }
    output.line(
      `${rate(total.ratePerSecond)} requests/s, ${percent(total.successRatio)} succeed, p50 ${milliseconds(total.p50Ms)}, p95 ${milliseconds(total.p95Ms)}, p99 ${milliseconds(total.p99Ms)}; ${total.requests} since start, ${total.failed} failed, ${total.savedByRetry} saved by retry${amplification(total.attemptsPerRequest)}`,
    );
    output.line('');
    for (const line of table(listeners, [
      { title: 'LISTENER', text: ({ name }) => name },
      { title: 'URL', text: ({ url }) => url },
      {
        title: 'REQUESTS/S',
        align: 'right',
        text: ({ name }) => rate(metrics.listeners[name]?.ratePerSecond ?? 0),
      },
    ])) {
      output.line(line);
    }
    output.line('');
    const weights = new Map(
      current?.config.pools.flatMap((pool) =>
        pool.servers.map(({ name, weight }) => [`${pool.name}/${name}`, weight] as const),
      ),
    );
    const unchecked = new Set(
      current?.config.pools.filter(({ healthCheck }) => healthCheck.type === 'none').map(({ name }) => name),
    );
    for (const line of table(servers, serverColumns(output, metrics.servers, weights, unchecked))) {
      output.line(line);
    }
    tellEjections(output, servers);
    tellCircuits(output, metrics.pools);
    tellRetries(output, metrics.pools);
    tellQueues(output, metrics.pools);
    tellLimits(output, metrics.limits, current?.config);
  });
}

/** Pools in which anything was tried again. */
function tellRetries(output: Output, pools: Metrics['pools']): void {
  const told = Object.entries(pools).filter(([, { retries }]) => retries > 0);
  if (told.length === 0) return;
  output.line('');
  for (const [name, { retries, hedges, hedgesWon, attemptsPerRequest, retryBudget }] of told) {
    const { recent, sinceStart } = attemptsPerRequest;
    output.line(
      `Retries of ${name}: ${retries} since start${hedges === 0 ? '' : ` (${hedges} of them hedges, of which ${hedgesWon} won)`}, ${twoPlaces(sinceStart)} attempts for each request (${twoPlaces(recent)} over 10 s); budget: ${retryBudget.used} of ${retryBudget.allowed} used over 10 s`,
    );
  }
}

/** Nothing where no request took more than one attempt. */
function amplification({ sinceStart }: Metrics['total']['attemptsPerRequest']): string {
  return sinceStart !== null && sinceStart >= 1.005
    ? `, ${twoPlaces(sinceStart)} attempts for each request`
    : '';
}

function twoPlaces(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}

/** Pools in which requests wait, or waited in vain. */
function tellQueues(output: Output, pools: Metrics['pools']): void {
  const told = Object.entries(pools).filter(
    ([, { queue }]) => queue.length + queue.refused + queue.timedOut > 0,
  );
  if (told.length === 0) return;
  output.line('');
  for (const [name, { queue }] of told) {
    output.line(
      `Queue of ${name}: ${queue.length} wait, p50 ${milliseconds(queue.p50Ms)}, p99 ${milliseconds(queue.p99Ms)}; since start ${queue.served} served, ${queue.refused} refused, ${queue.timedOut} timed out`,
    );
  }
}

function threadsText(config: Config | undefined): string {
  if (!config) return '';
  const { threads } = config.dataPlane;
  return `, data plane on ${threads === 1 ? 'one thread' : `${threads} threads`}`;
}

function tellLimits(output: Output, reached: Metrics['limits'], config: Config | undefined): void {
  if (reached.length === 0) return;
  const settings = (name: string | null, of: readonly { readonly name: string }[] | undefined) =>
    of?.find((each) => each.name === name);
  output.line('');
  for (const line of table(reached, [
    {
      title: 'LIMIT REACHED',
      text: ({ kind, listener, pool }) =>
        limitKeyText(kind, settings(pool, config?.pools) ?? settings(listener, config?.listeners)),
    },
    { title: 'WHERE', text: ({ listener, pool }) => pool ?? listener ?? '-' },
    { title: 'TIMES', align: 'right', text: ({ count }) => String(count) },
    { title: 'LAST', text: ({ lastAtMs }) => clockTime(lastAtMs) },
    { title: 'WHAT HAPPENED', text: ({ kind }) => limits[kind].effect },
  ])) {
    output.line(line);
  }
}

function serverColumns(
  output: Output,
  traffic: Readonly<
    Record<
      string,
      {
        ratePerSecond: number;
        activeRequests: number;
        p95Ms: number | null;
        shareHad: number | null;
        shareWanted: number | null;
        failedAttempts: number;
        requests: number;
      }
    >
  >,
  weights: ReadonlyMap<string, number>,
  unchecked: ReadonlySet<string>,
): Column<ServerStatus>[] {
  const of = <T>(id: string, pick: (value: (typeof traffic)[string]) => T, none: T): T => {
    const own = traffic[id];
    return own ? pick(own) : none;
  };
  return [
    { title: 'SERVER', text: ({ id }) => id },
    { title: 'ADDRESS', text: ({ address }) => address },
    {
      title: 'STATE',
      text: (server) => stateWord(server, !unchecked.has(server.pool)),
      paint: (server, padded) => output.paint(stateTone(server), padded),
    },
    {
      title: 'WEIGHT',
      align: 'right',
      text({ id, effectiveWeight }) {
        const weight = weights.get(id);
        if (weight === undefined) return '-';
        // In slow start.
        return effectiveWeight < weight ? `${effectiveWeight} of ${weight}` : String(weight);
      },
    },
    { title: 'SHARE', align: 'right', text: ({ id }) => of(id, (own) => percent(own.shareHad), '-') },
    { title: 'WANTED', align: 'right', text: ({ id }) => of(id, (own) => percent(own.shareWanted), '-') },
    { title: 'REQUESTS', align: 'right', text: ({ id }) => of(id, (own) => String(own.requests), '0') },
    { title: 'PER S', align: 'right', text: ({ id }) => of(id, (own) => rate(own.ratePerSecond), '-') },
    {
      title: 'IN FLIGHT',
      align: 'right',
      text: ({ id }) => of(id, (own) => String(own.activeRequests), '0'),
    },
    { title: 'P95', align: 'right', text: ({ id }) => of(id, (own) => milliseconds(own.p95Ms), '-') },
    { title: 'FAILED', align: 'right', text: ({ id }) => of(id, (own) => String(own.failedAttempts), '0') },
    {
      title: 'PROBES',
      align: 'right',
      text: ({ probesRun, probesFailed }) =>
        probesFailed === 0 ? String(probesRun) : `${probesRun}, ${probesFailed} failed`,
    },
    {
      title: 'LAST PROBE',
      text: ({ lastProbe }) =>
        lastProbe ? `${lastProbe.detail} (${milliseconds(lastProbe.durationMs)})` : '-',
      paint: ({ lastProbe }, padded) =>
        output.paint(lastProbe?.succeeded === false ? 'bad' : 'neutral', padded),
    },
  ];
}

export async function sessions(
  output: Output,
  options: ChooseOptions & { limit: number; pool?: string; server?: string; search?: string },
): Promise<void> {
  await withRunning(options, async (client) => {
    const { limit, pool, server, search } = await named(client, options);
    const { sessions: found, total } = await client.call('session.list', {
      limit,
      ...(pool !== undefined && { pool }),
      ...(server !== undefined && { server }),
      ...(search !== undefined && { search }),
    });
    if (output.json) return found.forEach(output.object);
    if (total === 0) {
      const { current } = await readState(client, 'config');
      const pools = current?.config.pools ?? [];
      return output.line(whyNoSessions(pools, { pool: pool ?? server?.split('/')[0], server, search }));
    }
    for (const line of table(found, sessionColumns)) output.line(line);
    if (total > found.length) output.note(moreSessions(total, found.length));
  });
}

const sessionColumns: Column<Session>[] = [
  { title: 'SESSION', text: ({ id }) => id },
  { title: 'POOL', text: ({ pool }) => pool },
  { title: 'CLIENT', text: ({ client }) => client },
  { title: 'KEY', text: ({ key, client }) => (key === client ? '' : key) },
  { title: 'SERVER', text: ({ server, pinned }) => (pinned ? `${server} (pinned)` : server) },
  { title: 'SINCE', text: ({ sinceMs }) => clockTime(sinceMs) },
  { title: 'LAST USED', text: ({ lastUsedMs }) => clockTime(lastUsedMs) },
  { title: 'EXPIRES', text: ({ expiresMs }) => (expiresMs === null ? 'never' : clockTime(expiresMs)) },
  { title: 'HITS', align: 'right', text: ({ hits }) => String(hits) },
  {
    title: 'MOVED',
    text: ({ moved, moves }) =>
      moves[0]
        ? `from ${moves[0].from}: ${moves[0].reason}${moved > 1 ? ` (${moved} times in all)` : ''}`
        : '',
  },
];
