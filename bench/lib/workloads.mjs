// What is measured. Every workload runs against fresh processes, so that peak memory is its own.

/**
 * @typedef {object} Workload
 * @property {string} name for --only
 * @property {string} title
 * @property {'wrk' | 'websocket' | 'paced' | 'idle'} load which generator
 * @property {'nginx' | 'raw'} origin which servers answer: nginx is the quickest, the raw ones read bodies, echo and dawdle
 * @property {number} connections
 * @property {string} path
 * @property {string} unit what is counted
 * @property {string[]} [requestFields] sent with every request
 * @property {number} [postBytes] a POST with a body of this size instead of a GET
 * @property {number} [pauseMs] after every answer, where the generator is `paced`
 * @property {string[][]} [answerFields] that every answer carries
 * @property {number} [answerBytes] every answer is at least this long, bytes
 * @property {string[]} [variants] peers that follow another and are measured here too
 * @property {string[]} [peers] instead of the usual ones
 * @property {boolean} [unpinned] several cores are what it is about
 * @property {string} [note]
 */

/** What a browser sends to a local service, without Host and Connection. */
const browserFields = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.7',
  'Accept-Encoding: gzip, deflate, br',
  'Cache-Control: no-cache',
  'Cookie: session=6f1c2a9be04d4f0e8a7c5d3b2a1f0e9d; theme=dark; consent=1',
  'Referer: http://localhost:8080/orders?page=3',
  'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'X-Request-Id: 0f8fad5b-d9cb-469f-a165-70867728950e',
  'If-None-Match: "33a64df551425fcc55e4d42a148795d9f25f89d4"',
];

/** What the servers answer with on `/fields`, beside Server, Date, Content-Type and Content-Length. */
export const answerFields = [
  ['Cache-Control', 'private, max-age=0, must-revalidate'],
  ['ETag', 'W/33a64df551425fcc55e4'],
  ['Last-Modified', 'Wed, 21 Oct 2015 07:28:00 GMT'],
  ['Vary', 'Accept-Encoding, Origin'],
  ['Set-Cookie', 'session=6f1c2a9be04d4f0e8a7c5d3b2a1f0e9d; Path=/; HttpOnly; SameSite=Lax'],
  ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'SAMEORIGIN'],
  ['Referrer-Policy', 'strict-origin-when-cross-origin'],
  ['Access-Control-Allow-Origin', 'http://localhost:8080'],
  ['X-Request-Id', '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['Server-Timing', 'db;dur=12.3, app;dur=4.5'],
];

const batching = ['ballast-batching', 'ballast-adaptive'];

/** @type {Workload[]} */
export const workloads = [
  get(1, { title: 'small GET, one connection', variants: [] }),
  get(64, { variants: [...batching, 'http-proxy-no-agent'] }),
  get(512, {}),
  {
    ...get(64, {}),
    name: 'fields',
    title: '12 request and 12 response fields, 64 connections',
    path: '/fields',
    requestFields: browserFields,
    answerFields,
    answerBytes: 600,
    variants: [],
  },
  {
    name: 'post-64k',
    title: 'POST of 64 KiB, 16 connections',
    load: 'wrk',
    origin: 'raw',
    connections: 16,
    path: '/post',
    unit: 'request',
    postBytes: 65_536,
    note: 'the servers read the whole body before they answer; they are of Node',
  },
  {
    name: 'paced-post',
    title: 'POST of 100 bytes, 32 connections that pause for 25 ms after every answer',
    load: 'paced',
    origin: 'raw',
    connections: 32,
    path: '/post',
    unit: 'request',
    postBytes: 100,
    pauseMs: 25,
    note: 'what must not be sent twice, on connections to the servers that have been idle',
  },
  {
    name: 'response-1m',
    title: 'response of 1 MiB, 16 connections',
    load: 'wrk',
    origin: 'nginx',
    connections: 16,
    path: '/1m',
    unit: 'request',
    answerBytes: 1_048_576,
  },
  {
    name: 'new-connection',
    title: 'a new connection per request, 64 at a time',
    load: 'wrk',
    origin: 'nginx',
    connections: 64,
    path: '/',
    unit: 'request',
    requestFields: ['Connection: close'],
    note: 'wrk sends `Connection: close` and connects anew after every answer',
  },
  {
    name: 'websocket',
    title: 'WebSocket echo of 64 bytes, 64 connections',
    load: 'websocket',
    origin: 'raw',
    connections: 64,
    path: '/ws',
    unit: 'message',
    note: 'one request is one message there and back',
  },
  {
    name: 'idle',
    title: 'idle kept-alive connections',
    load: 'idle',
    origin: 'nginx',
    connections: 10_000,
    path: '/',
    unit: 'connection',
    note: 'each has served one request; the proxy was warmed up before the first memory reading',
  },
  {
    name: 'slow-answers',
    title: 'small GET, 64 connections, 10 % of the answers take 20 ms',
    load: 'wrk',
    origin: 'raw',
    connections: 64,
    path: '/slow',
    unit: 'request',
    variants: batching,
    peers: ['ballast', 'nginx', 'haproxy'],
    note: 'what batching costs where answers are uneven',
  },
  {
    name: 'two-cores',
    title: 'small GET, 64 connections, two threads or workers',
    load: 'wrk',
    origin: 'nginx',
    connections: 64,
    path: '/',
    unit: 'request',
    peers: ['ballast', 'ballast-2-threads', 'nginx', 'nginx-2-workers'],
    unpinned: true,
    note: 'nothing is pinned unless there are four cores',
  },
];

/**
 * @param {number} connections
 * @param {Partial<Workload>} more
 * @returns {Workload}
 */
function get(connections, more) {
  return {
    name: `get-${connections}`,
    title: `small GET, ${connections} connections`,
    load: 'wrk',
    origin: 'nginx',
    connections,
    path: '/',
    unit: 'request',
    variants: batching,
    answerBytes: 100,
    ...more,
  };
}
