// Who stands beside whom, how each is configured, and what to install where one is missing. Every configuration does the
// same work: servers in turn, kept-alive connections on both sides, X-Forwarded-For, -Proto and -Host, WebSocket.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../scripts/lib/find-program.mjs';
import { root } from '../../scripts/lib/tree.mjs';
import { nginxProxyConfig } from './nginx-config.mjs';

/**
 * @typedef {{ port: number, serverPorts: number[], folder: string, node: string, workload: import('./workloads.mjs').Workload }} Setting
 * @typedef {{ command: string, args: string[], env?: Record<string, string> }} Launch
 *
 * @typedef {object} Peer
 * @property {string} name for --peers, and the name of its row
 * @property {string} about what is worth knowing of its configuration
 * @property {boolean} [compiles] its code is compiled while it runs: warmed up by CPU time
 * @property {boolean} [slow] costs several times more: measured in every other round
 * @property {string} [follows] measured wherever that peer is and the workload asks for it
 * @property {(node: string) => string | undefined} lacks why it cannot run here, with what to do about it
 * @property {(node: string) => string | undefined} [version]
 * @property {(setting: Setting) => Launch} launch
 */

/**
 * @param {string} program
 * @param {string} packageName
 */
const missingProgram = (program, packageName) => () =>
  findProgram(program) === undefined
    ? `${program} is not installed (Debian: apt-get install ${packageName})`
    : undefined;

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {string | undefined}
 */
function firstLineOf(command, args) {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n')[0];
}

/** @returns {any} the JSON schema of ballast.yaml, which says what this tree can do */
function configSchema() {
  const path = join(root, 'resources', 'ballast.schema.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** @param {string} key */
const poolKnows = (key) => configSchema().properties?.pools?.items?.properties?.[key] !== undefined;

/**
 * Ballast in its default configuration: journal, metrics, decisions, health checks and response fields on.
 * @param {string} name
 * @param {Setting} setting
 * @param {{ pool?: string, top?: string, tree?: string }} [more] further lines of ballast.yaml; another built tree
 * @returns {Launch}
 */
function launchBallast(name, { port, serverPorts, folder, node }, { pool = '', top = '', tree = root } = {}) {
  const file = join(folder, `${name}.yaml`);
  const servers = serverPorts.map((each) => `      - { address: 127.0.0.1:${each} }\n`).join('');
  writeFileSync(
    file,
    `version: 1\n${top}listeners:\n  - { name: web, bind: 127.0.0.1:${port}, pool: api }\npools:\n  - name: api\n${pool}    servers:\n${servers}`,
  );
  const cli = join(tree, 'out', 'main', 'cli.js');
  return {
    command: node,
    args: [cli, 'up', file, '--no-open', '--control-port', '0', '--json'],
    // Where it notes that it runs: `ballast status` in another terminal should not find this one.
    env: { TMPDIR: folder },
  };
}

/**
 * @param {string} name
 * @param {Setting} setting
 * @param {number} workers
 * @returns {Launch}
 */
function launchNginx(name, { port, serverPorts, folder, workload }, workers) {
  const path = join(folder, `${name}.conf`);
  const basics = { folder, name, connections: workload.connections, workers };
  writeFileSync(path, nginxProxyConfig(basics, port, serverPorts, workload.load === 'websocket'));
  return { command: findProgram('nginx') ?? 'nginx', args: ['-p', folder, '-c', path] };
}

/**
 * @param {string} script
 * @param {...string} options
 */
const launchScript =
  (script, ...options) =>
  /** @param {Setting} setting */
  ({ port, serverPorts, node }) => ({
    command: node,
    args: [join(root, 'bench', 'peers', script), ...options, ...[port, ...serverPorts].map(String)],
  });

const lacksHttpProxy = () =>
  existsSync(join(root, 'node_modules', 'http-proxy')) ? undefined : 'http-proxy is not installed (npm ci)';

const httpProxyVersion = () =>
  `http-proxy ${JSON.parse(readFileSync(join(root, 'node_modules/http-proxy/package.json'), 'utf8')).version}`;

/** @param {string} node @returns {string | undefined} */
export const nodeVersion = (node) => firstLineOf(node, ['--version']);

/** The commit that was built, where git is there to tell. */
function treeVersion() {
  const { status, stdout } = spawnSync('git', ['-C', root, 'describe', '--always', '--dirty'], {
    encoding: 'utf8',
  });
  return status === 0 ? `commit ${stdout.trim()}, ` : '';
}

/** @type {Peer[]} */
export const peers = [
  {
    name: 'ballast',
    compiles: true,
    about: '`ballast up` in its default configuration: journal, metrics, decisions and health checks on',
    lacks: () => undefined,
    version: (node) => `${treeVersion()}Node ${nodeVersion(node)}`,
    launch: (setting) => launchBallast('ballast', setting),
  },
  {
    name: 'ballast-batching',
    compiles: true,
    about: 'the same with `batching: on` for the pool',
    follows: 'ballast',
    lacks: () => (poolKnows('batching') ? undefined : 'this tree knows no `batching` of a pool'),
    launch: (setting) => launchBallast('ballast-batching', setting, { pool: '    batching: on\n' }),
  },
  {
    name: 'ballast-adaptive',
    compiles: true,
    about: 'the same with `batching: adaptive` for the pool',
    follows: 'ballast',
    lacks: () => (poolKnows('batching') ? undefined : 'this tree knows no `batching` of a pool'),
    launch: (setting) => launchBallast('ballast-adaptive', setting, { pool: '    batching: adaptive\n' }),
  },
  {
    name: 'ballast-2-threads',
    compiles: true,
    about: 'the same with `dataPlane: { threads: 2 }`',
    follows: 'ballast',
    lacks: (node) => {
      if (configSchema().properties?.dataPlane === undefined) return 'this tree knows no `dataPlane`';
      const [major = 0, minor = 0] = (nodeVersion(node) ?? 'v0.0').slice(1).split('.').map(Number);
      if (major > 23 || (major === 23 && minor >= 1)) return undefined;
      return `two threads need Node 23.1 or newer, this is ${nodeVersion(node)} (--node PATH)`;
    },
    launch: (setting) => launchBallast('ballast-2-threads', setting, { top: 'dataPlane: { threads: 2 }\n' }),
  },
  {
    name: 'nginx',
    about:
      'one worker, no access log, 1,024 kept-alive connections to servers, bodies kept off the disk, buffers of default size',
    lacks: missingProgram('nginx', 'nginx-light'),
    version: () => firstLineOf(findProgram('nginx') ?? 'nginx', ['-v'])?.replace(/^nginx version: /, ''),
    launch: (setting) => launchNginx('nginx', setting, 1),
  },
  {
    name: 'nginx-2-workers',
    about: 'the same with two workers that share the port by `reuseport`',
    follows: 'nginx',
    lacks: missingProgram('nginx', 'nginx-light'),
    launch: (setting) => launchNginx('nginx-2-workers', setting, 2),
  },
  {
    name: 'haproxy',
    about: 'one thread, no log, `http-reuse always` (its cheapest), connections to servers kept for a minute',
    lacks: missingProgram('haproxy', 'haproxy'),
    version: () => firstLineOf(findProgram('haproxy') ?? 'haproxy', ['-v'])?.split(' - ')[0],
    launch: ({ port, serverPorts, folder, workload }) => {
      const path = join(folder, 'haproxy.cfg');
      // With few files left it closes connections to servers instead of keeping them: give it plenty, and let it use them.
      const maxConnections = Math.max(8_000, workload.connections + 256);
      writeFileSync(
        path,
        `global
  maxconn ${maxConnections}
  nbthread 1
  no strict-limits
  tune.pool-low-fd-ratio 90
  tune.pool-high-fd-ratio 95
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  timeout tunnel 1h
frontend web
  bind 127.0.0.1:${port} backlog 2048
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend api
backend api
  balance roundrobin
  http-reuse always
  default-server pool-purge-delay 60s
${serverPorts.map((each, index) => `  server s${index} 127.0.0.1:${each}`).join('\n')}
`,
      );
      return { command: findProgram('haproxy') ?? 'haproxy', args: ['-db', '-q', '-f', path] };
    },
  },
  {
    name: 'caddy',
    about: '`lb_policy round_robin`, 1,024 kept-alive connections to each server, no access log',
    slow: true,
    lacks: missingProgram('caddy', 'caddy'),
    version: () => `Caddy ${firstLineOf(findProgram('caddy') ?? 'caddy', ['version'])}`,
    launch: ({ port, serverPorts, folder }) => {
      const path = join(folder, 'Caddyfile');
      writeFileSync(
        path,
        `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${serverPorts.map((each) => `127.0.0.1:${each}`).join(' ')} {
    lb_policy round_robin
    transport http {
      keepalive_idle_conns_per_host 1024
    }
  }
}
`,
      );
      return {
        command: findProgram('caddy') ?? 'caddy',
        args: ['run', '--config', path, '--adapter', 'caddyfile'],
        env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      };
    },
  },
  {
    name: 'node-http',
    compiles: true,
    about: '`bench/peers/node-http.mjs`: the plainest proxy of node:http, kept-alive agent',
    slow: true,
    lacks: () => undefined,
    version: (node) => `node:http of Node ${nodeVersion(node)}`,
    launch: launchScript('node-http.mjs'),
  },
  {
    name: 'http-proxy',
    compiles: true,
    about: 'http-proxy of npm with a kept-alive agent',
    slow: true,
    lacks: lacksHttpProxy,
    version: httpProxyVersion,
    launch: launchScript('http-proxy.mjs'),
  },
  {
    name: 'http-proxy-no-agent',
    follows: 'http-proxy',
    compiles: true,
    about:
      'the same as its README begins: without an agent, so with a new connection to a server for every request',
    slow: true,
    lacks: lacksHttpProxy,
    version: httpProxyVersion,
    launch: launchScript('http-proxy.mjs', '--no-agent'),
  },
];

/**
 * A built Ballast of another tree, to see what a change costs or saves: two builds in one run.
 * @param {string} tree its folder
 * @returns {Peer}
 */
export function besidePeer(tree) {
  return {
    name: besideName,
    compiles: true,
    about: `Ballast as built in ${tree}`,
    lacks: () =>
      existsSync(join(tree, 'out', 'main', 'cli.js')) ? undefined : `nothing is built in ${tree}`,
    launch: (setting) => launchBallast(besideName, setting, { tree }),
  };
}
export const besideName = 'ballast-beside';

/**
 * Who takes part in a workload, in the order of the table.
 * @param {import('./workloads.mjs').Workload} workload
 * @param {readonly string[]} chosen names; variants come with the peer they follow
 */
export function peersFor(workload, chosen) {
  return peers.filter(({ name, follows }) => {
    if (!chosen.includes(name) && !(follows && chosen.includes(follows))) return false;
    if (workload.variants?.includes(name)) return true;
    if (workload.peers) return workload.peers.includes(name);
    return follows === undefined;
  });
}
