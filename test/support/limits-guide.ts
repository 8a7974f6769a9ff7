import { type LimitKind, limitKinds, limits } from '@shared/catalog/limits.ts';
import { configJsonSchema } from '@shared/config/json-schema.ts';

interface Schema {
  readonly default?: unknown;
  readonly description?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

const introduction = `# Limits

Every buffer, table and wait of the data plane has a limit, a default and a key in [ballast.yaml](ballast-yaml.md). When one is reached,
the client or the request concerned hears why, the count below \`limits\` in the metrics grows (\`ballast status\` shows what is not zero), and an
event is told, at most one in five seconds for each limit and place. Housekeeping that is nobody's trouble is counted only. This page is
written from the catalog (\`main/shared/catalog/limits.ts\`) and the schema.

What else is bounded is not a matter of traffic: the journal (\`journalRequests\`), events (the last 5,000), a probe's body (64 KiB).
`;

const remarks = `## What to know

- **Connections.** At \`maxConnections\` the connection idle longest (for a second at least) gives way, as in nginx; where every one is busy the
  newcomer gets 503 with \`Retry-After\`, so that somebody sees why. HAProxy would leave it in the kernel's queue. The same happens a little before
  the process runs out of file descriptors (\`ulimit -n\`): beyond that the system would accept and drop connections without a word.
- **File descriptors.** A client whose request runs takes two, with its connection to a server, and so does one that came just now; a client that
  rests between requests takes one. Where they are short, connections to servers that were not used for a second make room first, as no client
  notices that, then the client idle longest.
- **No descriptor for a connection to a server** is this machine's fault: idle connections are closed and the attempt made once more, else the client
  gets 503. No server is blamed, neither by requests nor by probes.
- **Connections to servers** are kept and shared; the one used last is taken first. A request that must not be sent twice (POST, for one) goes only on a
  connection idle for less than a second, or than half of the time after which its server was seen to close idle ones, and leaves at the end of its turn
  of the event loop, when every close that had arrived is known; otherwise it gets a new one ([decision 15](../adr/0015-requests-that-go-out-once.md)).
  Where the server closes while it is on its way, the client gets 502, and it is not sent again.
- **Slow clients.** A head has \`headTimeout\` altogether, however regularly its bytes come. A body must move within \`bodyTimeout\` and reach
  \`bodyBytesPerSecond\` over each such stretch, until the response begins: from then on both sides talk at their own pace. Whoever takes
  something of a response within \`sendTimeout\` keeps the connection. Kernels buffer megabytes and make room in large steps, so what counts as
  something is about a third of what they hold.
- **Queue.** A request waits only while servers that could take it are at their \`maxRequests\`; backups that have room go first. First come, first
  served; nobody overtakes, not even at the moment a slot comes free. It leaves the queue when a slot comes free, a server returns or is added, its
  client closes the connection or ends its half of it, or \`queue.timeout\` is over (503 with \`Retry-After: 1\`). What opens without a request's end (an ejection is over, panic
  begins, a probe succeeds) is noticed within 40 ms, or as soon as another request comes, which goes behind those that wait; over several threads too. Retries wait too; after a wait in vain the client hears how the attempt
  before ended. Switched connections take up a slot for as long as they last.
- **Probes** end with \`healthCheck.timeout\` at the latest, and read no more than 64 KiB of a body (\`healthCheck.body.bytes\`), 100 responses with a status of
  1xx before the one that counts, and for gRPC 256 KiB of frames. Whatever goes wrong in one is a failed probe.
- **Several threads** ([threads.md](threads.md)) have every limit together: no more connections, requests in flight or waiting, retries and sessions than with one, to the last. Three
  things are each thread's own: \`idleConnections\`, its share of the file descriptors (the limit divided by the threads), and \`journalRequests\`. To make room
  a thread closes idle connections of its own. What is said of one request or connection (heads, bodies, timeouts) is the same in each.
- **Sessions whose server is full.** With \`onUnavailable: rebalance\` another server with a slot takes the client at once, and the session moves;
  with \`reject\` the client waits for its own server, up to \`queue.timeout\`, and then gets 503.
- **Tunnels** (WebSocket and other switched connections) end when nothing moves for \`timeouts.tunnel\`, when one side has ended and nothing moves for
  \`timeouts.tunnelEnd\`, and \`timeouts.tunnelDrain\` after their server began to drain, went into maintenance or left the pool. None of it counts
  against the server.
- **Names.** \`localhost:3000\` or \`api.local:3000\` are looked up when the configuration brings them in and every \`timeouts.resolve\` after that, never
  by a request. A name keeps its last good addresses; where it means several, the one that answered last is asked first and the others before
  the attempt counts as failed.
`;

/** The page docs/guide/limits.md. */
export function limitsGuide(): string {
  const rows = (place: 'listener' | 'pool' | 'system'): string =>
    limitKinds
      .filter((kind) => limits[kind].place === place)
      .map(
        (kind) =>
          `| \`${limits[kind].key}\` | ${fallback(kind)} | ${limits[kind].effect} | \`${kind}\`${limits[kind].routine ? ', no event' : ''} |\n`,
      )
      .join('');
  const head = '| key | default | when it is reached | counted as |\n|---|---|---|---|\n';
  return `${introduction}
## Of a listener

${head}${rows('listener')}
## Of a pool

${head}${rows('pool')}
## Of the machine

${head}${rows('system')}
${remarks}`;
}

function fallback(kind: LimitKind): string {
  const { place, key } = limits[kind];
  if (place === 'system') return '';
  const root = configJsonSchema() as Schema;
  const value = find(root.properties![`${place}s`]!.items!, key.split('.'))?.default;
  return value === undefined ? '' : `\`${String(value)}\``;
}

function find(schema: Schema, path: readonly string[]): Schema | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return schema;
  if (schema.items) return find(schema.items, path);
  const own = schema.properties?.[first];
  if (own) return find(own, rest);
  for (const variant of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) {
    const found = find(variant, path);
    if (found) return found;
  }
  return undefined;
}
