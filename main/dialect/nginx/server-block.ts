import { formatAddress } from '@shared/config/address.ts';
import { defaultLimits } from '@shared/config/listener-schema.ts';
import type { ListenerConfig, PoolConfig } from '@shared/config/schema.ts';
import type { Notes } from './notes.ts';
import { retryLines } from './retry.ts';
import { type HostBlock, hostBlocks } from './routing.ts';
import { block, size, time, word } from './words.ts';

/** What a listener's blocks need to know of the pools they lead to. */
export interface Target {
  readonly pool: PoolConfig;
  readonly upstream: string;
  readonly setCookie: string | undefined;
}

export function renderListener(
  listener: ListenerConfig,
  port: number,
  targets: ReadonlyMap<string, Target>,
  notes: Notes,
): string[] {
  tellLimits(listener, notes);
  const blocks = hostBlocks(listener.routes);
  return blocks.flatMap((each, index) => [
    ...(index === 0 ? [`# listener ${listener.name}`] : ['']),
    ...block('server', serverLines(listener, port, each, blocks.length > 1, targets, notes)),
  ]);
}

function serverLines(
  listener: ListenerConfig,
  port: number,
  hostBlock: HostBlock,
  hasMore: boolean,
  targets: ReadonlyMap<string, Target>,
  notes: Notes,
): string[] {
  const { limits } = listener;
  const isDefault = hostBlock.host === undefined;
  const listen = formatAddress({ host: listener.bind.host, port });
  const head = size(limits.headBytes);
  const locations = hostBlock.paths.flatMap(({ path, pool }) => {
    const target = targets.get(pool);
    return target ? ['', ...locationLines(path, target, notes)] : [];
  });
  const hasRoot = hostBlock.paths.some(({ path }) => path === '/');
  return [
    `listen ${listen}${isDefault && hasMore ? ' default_server' : ''};`,
    `server_name ${isDefault ? '_' : word(hostBlock.host ?? '_')};`,
    '',
    `client_header_timeout ${time(limits.headTimeoutMs)};`,
    `client_body_timeout ${time(limits.bodyTimeoutMs)};`,
    `keepalive_timeout ${time(limits.idleTimeoutMs)};`,
    `send_timeout ${time(limits.sendTimeoutMs)};`,
    `lingering_timeout ${time(limits.lingerTimeoutMs)};`,
    `large_client_header_buffers 4 ${head};`,
    '',
    'proxy_set_header Host $http_host;',
    ...forwardedLines(listener.trustForwarded),
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header Connection $ballast_connection;',
    `proxy_buffer_size ${head};  # room for the largest response head`,
    `proxy_buffers 8 ${head};`,
    ...locations,
    ...(hasRoot ? [] : ['', ...block('location /', ['return 404;  # no route leads here'])]),
  ];
}

/** Limits of a client that open-source nginx has no directive for. Told only where somebody moved them. */
const ownLimits = [
  'maxConnections',
  'targetBytes',
  'headFields',
  'trailerBytes',
  'pipelineBytes',
  'interimResponses',
  'bodyBytesPerSecond',
] as const satisfies readonly (keyof ListenerConfig['limits'])[];

function tellLimits({ name, limits }: ListenerConfig, notes: Notes): void {
  const moved = ownLimits.filter((key) => limits[key] !== defaultLimits[key]);
  if (moved.length === 0) return;
  notes.lost(
    `Listener ${name}: nginx has its own ideas of ${moved.map((key) => `limits.${key} (${limits[key]})`).join(', ')}; they cannot be said.`,
  );
}

function forwardedLines(isTrusted: boolean): string[] {
  if (isTrusted) {
    return [
      '# Another proxy is in front: what it says of the client is kept and added to.',
      'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
      'proxy_set_header X-Forwarded-Proto $ballast_forwarded_proto;',
      'proxy_set_header X-Forwarded-Host $ballast_forwarded_host;',
    ];
  }
  return [
    '# Clients connect here themselves: what they say of themselves is replaced.',
    'proxy_set_header X-Forwarded-For $remote_addr;',
    'proxy_set_header X-Forwarded-Proto $scheme;',
    'proxy_set_header X-Forwarded-Host $http_host;',
    'proxy_set_header Forwarded "";',
    'proxy_set_header X-Forwarded-Port "";',
    'proxy_set_header X-Forwarded-Prefix "";',
    'proxy_set_header X-Real-IP "";',
  ];
}

/** A whole-segment prefix: `/api` itself and what is below it, but not `/apix`. */
function locationLines(path: string, target: Target, notes: Notes): string[] {
  const lines = proxyLines(target, notes);
  if (path === '/') return block('location /', lines);
  if (path.includes('%')) {
    notes.differs(`Path ${path}: nginx compares paths decoded, Ballast as they were sent.`);
  }
  return [
    ...block(`location = ${word(decoded(path))}`, lines),
    ...block(`location ^~ ${word(`${decoded(path)}/`)}`, lines),
  ];
}

function proxyLines({ pool, upstream, setCookie }: Target, notes: Notes): string[] {
  const { timeouts } = pool;
  return [
    `proxy_pass http://${upstream};`,
    `proxy_connect_timeout ${time(timeouts.connectMs)};`,
    `proxy_send_timeout ${time(timeouts.responseMs)};`,
    `proxy_read_timeout ${time(timeouts.responseMs)};`,
    ...retryLines(pool, notes),
    ...(setCookie === undefined ? [] : [`add_header Set-Cookie ${setCookie} always;`]),
  ];
}

/** nginx compares the decoded path. A path that cannot be decoded is left as it is. */
function decoded(path: string): string {
  try {
    const text = decodeURIComponent(path);
    // Control characters must not get into a configuration file.
    return /[\u0000-\u001f\u007f]/.test(text) ? path : text;
  } catch {
    return path;
  }
}
