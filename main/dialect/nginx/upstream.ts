import { strategies } from '@shared/catalog/strategies.ts';
import { formatAddress } from '@shared/config/address.ts';
import { levelOf, type PoolConfig, type ServerConfig } from '@shared/config/schema.ts';
import { assertNever } from '@shared/lib/assert-never.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import { renderAffinity } from './affinity.ts';
import { type Method, strategyMethod } from './method.ts';
import type { Notes } from './notes.ts';
import type { NginxFeatures } from './version.ts';
import { block, time, wholeSeconds } from './words.ts';

/** The upstream block of one pool, and what its clients' cookies need besides. */
export interface Upstream {
  /** Blocks of the http level, maps first. */
  readonly lines: readonly string[];
  /** Value of a `Set-Cookie` for clients without a cookie: a variable, or undefined where none is needed. */
  readonly setCookie: string | undefined;
}

export function renderUpstream(
  pool: PoolConfig,
  name: string,
  features: NginxFeatures,
  notes: Notes,
): Upstream {
  const affinity = renderAffinity(pool, name, features, notes);
  // The session decides where there is one, and the strategy otherwise; nginx has one method for both.
  const method: Method =
    affinity.hash === undefined
      ? strategyMethod(pool, name, features, notes)
      : { lines: affinity.hash, maps: [], refusesBackup: 'hash' };
  const lines = [
    `zone ${name} ${pool.servers.length > 60 ? '1m' : '256k'};  # one state for all workers: turns, failures and limits are counted together`,
    ...method.lines,
    ...serverLines(pool, features, method, notes),
    ...affinity.sticky,
    ...keepaliveLines(pool, features, notes),
    `keepalive_timeout ${time(pool.timeouts.idleMs)};`,
  ];
  tellHealth(pool, notes);
  tellCircuit(pool, notes);
  tellQueue(pool, notes);
  tellPoolKeys(pool, notes);
  tellBatching(pool, notes);
  tellTunnels(pool, notes);
  const maps = [...affinity.maps, ...method.maps];
  const upstream = block(`upstream ${name}`, lines);
  return {
    lines: maps.length === 0 ? upstream : [...maps, '', ...upstream],
    setCookie: affinity.setCookie,
  };
}

function serverLines(
  pool: PoolConfig,
  features: NginxFeatures,
  { refusesBackup }: Method,
  notes: Notes,
): string[] {
  const primaries = primariesOf(pool, refusesBackup);
  const isStandby = (server: ServerConfig): boolean => !primaries.includes(server);
  tellPriorities(pool, notes);
  return pool.servers.map((server) => {
    const behind = `  # ${server.name}`;
    if (isStandby(server) && refusesBackup !== null) {
      notes.lost(
        `Pool ${pool.name}: nginx has no backup servers together with ${refusesBackup}; ${server.name} is left out.`,
      );
      return `# server ${formatAddress(server.address)} backup;${behind}`;
    }
    if (/[a-z]/i.test(server.address.host) && !server.address.host.includes(':')) {
      notes.info(
        `Pool ${pool.name}: nginx looks up ${server.address.host} once, when it starts, and balances over all addresses found.`,
      );
    }
    const parameters = parametersOf(server, pool, features, isStandby(server), notes);
    return `server ${[formatAddress(server.address), ...parameters].join(' ')};${behind}`;
  });
}

/** Who is no backup: the servers of the first level; under `first` the first of them that takes clients, all others being its backups. */
function primariesOf(
  { servers, strategy }: PoolConfig,
  refusesBackup: string | null,
): readonly ServerConfig[] {
  const firstLevel = Math.min(...servers.map(levelOf));
  const primaries = servers.filter((server) => levelOf(server) === firstLevel);
  if (strategy.kind !== 'first' || refusesBackup !== null) return primaries;
  return [primaries.find(({ weight }) => weight > 0) ?? primaries[0]!];
}

function parametersOf(
  server: ServerConfig,
  pool: PoolConfig,
  features: NginxFeatures,
  isStandby: boolean,
  notes: Notes,
): string[] {
  const usesWeight = strategies[pool.strategy.kind].usesWeights;
  // Also where weights are ignored otherwise.
  const isClosed = server.weight === 0;
  if (isClosed && !features.hasSticky) {
    notes.differs(
      `Pool ${pool.name}: ${server.name} has weight 0. nginx before 1.29.6 cannot keep bound clients on a server that takes no new ones; it is marked down.`,
    );
  }
  if (server.backup && !isStandby)
    notes.info(`Pool ${pool.name}: every server is a backup, so the first of them are not marked as one.`);
  const { consecutiveFailures, baseEjectionMs } = pool.outlierDetection;
  return [
    ...(usesWeight && server.weight > 1 ? [`weight=${server.weight}`] : []),
    ...(server.maxRequests > 0 ? [`max_conns=${server.maxRequests}`] : []),
    `max_fails=${consecutiveFailures}`,
    ...(consecutiveFailures > 0 ? [`fail_timeout=${wholeSeconds(baseEjectionMs)}`] : []),
    ...(isStandby && !isClosed ? ['backup'] : []),
    ...(isClosed ? [features.hasSticky ? 'drain' : 'down'] : []),
  ];
}

function tellPriorities({ name, servers }: PoolConfig, notes: Notes): void {
  if (new Set(servers.map(levelOf)).size <= 2) return;
  notes.differs(
    `Pool ${name}: nginx knows servers and backups only; everything behind the first priority becomes a backup, all at once.`,
  );
}

function tellPoolKeys(
  { name, slowStartMs, panicThreshold, maxRequests, timeouts }: PoolConfig,
  notes: Notes,
): void {
  if (slowStartMs > 0)
    notes.lost(
      `Pool ${name}: open-source nginx has no slow start: a server that comes back has its whole share at once (nginx Plus: slow_start=${time(slowStartMs)}).`,
    );
  if (maxRequests > 0)
    notes.lost(
      `Pool ${name}: nginx has no limit of requests in flight for a whole upstream; maxRequests: ${maxRequests} is gone.`,
    );
  if (timeouts.drainMs > 0)
    notes.lost(
      `Pool ${name}: nginx never ends what runs at a server that drains; the deadline of ${formatDuration(timeouts.drainMs)} (timeouts.drain) is gone.`,
    );
  if (panicThreshold > 0)
    notes.lost(
      `Pool ${name}: nginx has no panic threshold (${panicThreshold} %); it only forgets its failures when no server is left.`,
    );
}

function tellHealth(pool: PoolConfig, notes: Notes): void {
  const { healthCheck: check, outlierDetection } = pool;
  const { consecutiveFailures, baseEjectionMs } = outlierDetection;
  const rest =
    consecutiveFailures > 0
      ? `a server is left out for ${wholeSeconds(baseEjectionMs)} after ${consecutiveFailures} failed requests`
      : 'a server that fails is asked again and again, since outlier detection is off as well';
  if (check.type !== 'none') {
    notes.lost(
      `Pool ${pool.name}: open-source nginx does not check health by itself. The probe (${probeText(check)} every ${formatDuration(check.intervalMs)}) is gone${plusText(check)}; real requests find out: ${rest}.`,
    );
    if (check.initial === 'unhealthy') {
      notes.lost(
        `Pool ${pool.name}: nginx sends requests to a server at once; initial: unhealthy is gone (nginx Plus: health_check mandatory).`,
      );
    }
  }
  if (consecutiveFailures > 0) {
    notes.differs(
      `Pool ${pool.name}: max_fails counts failures within fail_timeout, not in a row, and every ejection lasts the same ${wholeSeconds(baseEjectionMs)}; Ballast makes each one longer.`,
    );
    if (pool.servers.length === 1)
      notes.info(`Pool ${pool.name}: nginx never leaves out the only server of an upstream.`);
  }
  tellOutliers(pool, notes);
}

function tellCircuit({ name, circuitBreaker }: PoolConfig, notes: Notes): void {
  if (circuitBreaker.failurePercent === 0) return;
  notes.lost(
    `Pool ${name}: nginx has no circuit breaker; a pool that fails as a whole is asked on (circuitBreaker).`,
  );
}

/** What nginx has of outlier detection is a number of failures within a time. */
function tellOutliers({ name, outlierDetection, retry, servers }: PoolConfig, notes: Notes): void {
  const { failurePercent, latencyFactor, statuses, maxEjectedPercent, ejectLast } = outlierDetection;
  const lost = [
    ...(failurePercent > 0 ? [`failurePercent: ${failurePercent}`] : []),
    ...(latencyFactor > 0 ? [`latencyFactor: ${latencyFactor}`] : []),
    ...(maxEjectedPercent < 100 ? [`maxEjectedPercent: ${maxEjectedPercent}`] : []),
  ];
  if (lost.length > 0)
    notes.lost(
      `Pool ${name}: nginx leaves a server out after so many failures, and for nothing else; outlierDetection.${lost.join(', outlierDetection.')} cannot be said.`,
    );
  if (statuses !== undefined && String(statuses) !== String(retry.on))
    notes.differs(
      `Pool ${name}: nginx counts as failures the statuses that it tries again elsewhere (retry.on), not those of outlierDetection.statuses (${statuses.join(', ') || 'none'}).`,
    );
  if (ejectLast && servers.length > 1)
    notes.differs(
      `Pool ${name}: where every server has failed nginx asks all of them again, each once in a while; outlierDetection.ejectLast cannot be said.`,
    );
}

type Check = Exclude<PoolConfig['healthCheck'], { type: 'none' }>;

function probeText(check: Check): string {
  switch (check.type) {
    case 'tcp':
      return 'a TCP connection';
    case 'grpc':
      return check.service === '' ? 'gRPC health' : `gRPC health of ${check.service}`;
    case 'http': {
      const { body } = check;
      const fields = Object.keys(check.headers);
      const looked = body
        ? body.contains === undefined
          ? ` whose body matches /${body.matches ?? ''}/`
          : ` whose body contains "${body.contains}"`
        : '';
      return `${check.method} ${check.path}${fields.length > 0 ? ` with ${fields.join(', ')}` : ''}${looked}`;
    }
    default:
      return assertNever(check);
  }
}

/** What nginx Plus has for it: the beginning of it, at least. */
function plusText(check: Check): string {
  const timing = `interval=${time(check.intervalMs)} fails=${check.fall} passes=${check.rise}`;
  switch (check.type) {
    case 'tcp':
      return '';
    case 'grpc':
      return ` (nginx Plus: health_check type=grpc${check.service === '' ? '' : ` grpc_service=${check.service}`} ${timing};)`;
    case 'http':
      return ` (nginx Plus: health_check uri=${check.path} ${timing}${check.body ? ' match=NAME' : ''};)`;
    default:
      return assertNever(check);
  }
}

function tellQueue({ name, queue, servers }: PoolConfig, notes: Notes): void {
  if (queue.length === 0 || servers.every(({ maxRequests }) => maxRequests === 0)) return;
  notes.lost(
    `Pool ${name}: open-source nginx has no queue: where every server is at max_conns a request gets 502 at once, instead of waiting up to ${formatDuration(queue.timeoutMs)} (nginx Plus: queue ${queue.length} timeout=${time(queue.timeoutMs)};).`,
  );
}

/** What nginx keeps of unused connections by itself, from 1.29.7 on. */
const keptByNginx = 32;

function keepaliveLines(pool: PoolConfig, features: NginxFeatures, notes: Notes): string[] {
  const kept = Math.min(pool.idleConnections * pool.servers.length, keptByNginx);
  if (kept === 0) {
    if (features.keepsAlive)
      notes.differs(
        `Pool ${pool.name}: nginx keeps up to ${keptByNginx} unused connections to servers; idleConnections: 0 is gone.`,
      );
    return [];
  }
  if (kept < keptByNginx) return [`keepalive ${kept};  # unused connections kept per worker, to all servers`];
  if (features.keepsAlive) return [];
  return [`keepalive ${keptByNginx};  # unused connections kept per worker; the default from 1.29.7 on`];
}

function tellTunnels({ name, timeouts }: PoolConfig, notes: Notes): void {
  const { tunnelMs, responseMs } = timeouts;
  if (tunnelMs === responseMs) return;
  notes.differs(
    `Pool ${name}: nginx closes a switched connection (WebSocket) when its server says nothing for ${formatDuration(responseMs)} (proxy_read_timeout), Ballast when nothing moves for ${formatDuration(tunnelMs)}.`,
  );
}

function tellBatching(pool: PoolConfig, notes: Notes): void {
  if (pool.batching.mode === 'off') return;
  notes.lost(
    `Pool ${pool.name}: nginx sends each request on a connection of its own; batching (${pool.batching.mode}) is gone. Clients get the same answers.`,
  );
}
