import type { Config } from '@shared/config/schema.ts';
import type { Export } from '../export.ts';
import { createNotes, type Notes } from './notes.ts';
import { renderListener, type Target } from './server-block.ts';
import { renderUpstream } from './upstream.ts';
import { defaultVersion, type NginxFeatures, readVersion } from './version.ts';
import { block, createNamer, indent } from './words.ts';

/**
 * Writes the configuration as a whole nginx.conf, the same text for the same input. `targetVersion` such as `1.22` (the
 * default) or `1.29.7`; throws `ContractError` `invalid-params` for what is none.
 */
export function renderNginx(config: Config, options: { targetVersion?: string | undefined } = {}): Export {
  const features = readVersion(options.targetVersion ?? defaultVersion);
  const notes = createNotes();
  const nameOf = createNamer();
  const targets = new Map<string, Target>();
  const upstreams = config.pools.flatMap((pool) => {
    const upstream = nameOf(pool.name);
    const rendered = renderUpstream(pool, upstream, features, notes);
    targets.set(pool.name, { pool, upstream, setCookie: rendered.setCookie });
    return ['', `# pool ${pool.name}`, ...rendered.lines];
  });
  const ports = portsOf(config, notes);
  const servers = config.listeners.flatMap((listener, index) => [
    '',
    ...renderListener(listener, ports[index]!, targets, notes),
  ]);
  tellRest(config, notes);
  const http = [...commonLines(config, features), ...upstreams, ...servers];
  const list = notes.list();
  const lines = [
    `# nginx.conf for nginx ${features.version}, written by Ballast. Check it with: nginx -t -c /full/path/of/this/file`,
    ...headNotes(list),
    '',
    // One thread is what everybody has who said nothing.
    config.dataPlane.threads > 1 ? `worker_processes ${config.dataPlane.threads};` : 'worker_processes auto;',
    '',
    ...block('events', ['worker_connections 4096;']),
    '',
    'http {',
    ...indent(http),
    '}',
  ];
  return { fileName: 'nginx.conf', text: `${lines.join('\n')}\n`, notes: list };
}

function headNotes(notes: Export['notes']): string[] {
  const told = notes.filter(({ level }) => level !== 'info');
  if (told.length === 0) return [];
  return [
    '#',
    '# What nginx does not do, or does otherwise:',
    ...told.map(({ message }) => `# - ${message}`),
  ];
}

function commonLines(config: Config, features: NginxFeatures): string[] {
  const longestHost = Math.max(
    0,
    ...config.listeners.flatMap(({ routes }) => routes.map(({ host = '' }) => host.length)),
  );
  const hosts = config.listeners.reduce((count, { routes }) => count + routes.length, 0);
  const isTrusting = config.listeners.some(({ trustForwarded }) => trustForwarded);
  return [
    ...(longestHost > 30 ? [`server_names_hash_bucket_size ${powerOfTwo(longestHost + 40)};`] : []),
    ...(hosts > 200 ? [`server_names_hash_max_size ${powerOfTwo(hosts * 4)};`] : []),
    ...(features.keepsAlive
      ? []
      : ['proxy_http_version 1.1;  # needed to keep connections to servers; the default from 1.29.7 on']),
    'proxy_buffering off;  # answers flow as they come: server-sent events and long downloads',
    'client_max_body_size 0;  # bodies of any size, as Ballast takes them',
    'underscores_in_headers on;',
    'merge_slashes off;  # paths are compared as they were sent',
    'proxy_redirect off;',
    '',
    '# WebSocket: an upgrade is passed on; otherwise the connection to the server is kept.',
    ...block('map $http_upgrade $ballast_connection', ['default upgrade;', '"" "";']),
    ...(isTrusting
      ? [
          ...block('map $http_x_forwarded_proto $ballast_forwarded_proto', [
            'default $http_x_forwarded_proto;',
            '"" $scheme;',
          ]),
          ...block('map $http_x_forwarded_host $ballast_forwarded_host', [
            'default $http_x_forwarded_host;',
            '"" $http_host;',
          ]),
        ]
      : []),
  ];
}

/** nginx cannot take any free port: such listeners get one that no other has. */
function portsOf(config: Config, notes: Notes): number[] {
  const taken = new Set(config.listeners.map(({ bind }) => bind.port));
  return config.listeners.map(({ bind, name }) => {
    if (bind.port !== 0) return bind.port;
    let port = 8080;
    while (taken.has(port)) port++;
    taken.add(port);
    notes.differs(`Listener ${name}: port 0 (any free one) cannot be said; the export listens on ${port}.`);
    return port;
  });
}

function tellRest(config: Config, notes: Notes): void {
  if (config.responseFields)
    notes.lost(
      'nginx does not write the response fields x-ballast-server, x-ballast-attempts and x-ballast-request.',
    );
  if (config.persistSessions && config.pools.some(({ affinity }) => affinity.type === 'app-cookie'))
    notes.lost(
      'nginx forgets learned sessions when it is started anew (a reload keeps them); persistSessions is gone.',
    );
  if (config.replicas.length > 0)
    notes.lost('nginx starts no replica processes; start them with your service manager.');
  notes.info(
    'nginx reads an upload whole before it sends it on, so that it can be tried again on another server.',
  );
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}
