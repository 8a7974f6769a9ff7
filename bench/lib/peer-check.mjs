// Before anything is counted: does this really forward, and really spread?
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';

/**
 * @param {number} port
 * @param {{ method?: string, path: string, headers?: Record<string, string>, body?: Buffer, agent?: http.Agent | false }} options
 * @returns {Promise<{ status: number, headers: http.IncomingHttpHeaders, body: Buffer }>}
 */
function ask(port, { method = 'GET', path, headers = {}, body, agent = false }) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      /** @type {Buffer[]} */
      const pieces = [];
      answer.on('data', (piece) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }),
      );
    });
    request.setTimeout(10_000, () => request.destroy(new Error('no answer within 10 s')));
    request.on('error', reject);
    request.end(body);
  });
}

/**
 * @param {number} port of the proxy
 * @param {import('./workloads.mjs').Workload} workload
 * @returns {Promise<number[]>} how many of 60 requests each of the three servers got
 * @throws what is wrong
 */
export async function checkPeer(port, workload) {
  const hits = [0, 0, 0];
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let index = 0; index < 60; index++) {
      const probe = randomBytes(8).toString('hex');
      // Half over one kept-alive connection, half over a new one each: neither may decide where a request goes.
      const { status, headers, body } = await ask(port, {
        path: '/seen',
        headers: { 'x-probe': probe },
        agent: index % 2 === 0 ? agent : false,
      });
      const seen = body.toString('latin1').toLowerCase();
      if (status !== 200) throw new Error(`answered ${status} to GET /seen`);
      if (!seen.includes(`x-probe: ${probe}`)) throw new Error("did not forward the request's field");
      if (!/x-forwarded-for: *[0-9.:a-f]*127\.0\.0\.1/.test(seen))
        throw new Error('did not say who asked (X-Forwarded-For)');
      const origin = Number(headers['x-origin']);
      if (hits[origin] === undefined) throw new Error("did not pass on the server's field X-Origin");
      hits[origin]++;
    }
  } finally {
    agent.destroy();
  }
  if (hits.some((count) => count < 12)) throw new Error(`spreads ${hits.join('/')} over the three servers`);
  if (workload.postBytes) await checkPost(port, workload.postBytes);
  if (workload.load === 'wrk' && !workload.postBytes) await checkAnswer(port, workload);
  return hits;
}

/**
 * @param {number} port
 * @param {number} bytes
 */
async function checkPost(port, bytes) {
  const sent = randomBytes(bytes);
  const { body } = await ask(port, { method: 'POST', path: '/seen', body: sent });
  if (body.toString() !== createHash('sha1').update(sent).digest('hex'))
    throw new Error('the body that arrived is not the one that was sent');
}

/**
 * @param {number} port
 * @param {import('./workloads.mjs').Workload} workload
 */
async function checkAnswer(port, { path, answerBytes = 0, answerFields = [] }) {
  const { status, headers, body } = await ask(port, { path });
  // `answerBytes` counts the head too; only a long body is told by its length alone.
  const least = answerBytes > 1_000 ? answerBytes : 100;
  if (status !== 200 || body.length < least)
    throw new Error(`answered ${status} with ${body.length} bytes to GET ${path}`);
  for (const [name = '', value] of answerFields)
    if (String(headers[name.toLowerCase()]) !== value) throw new Error(`did not pass on the field ${name}`);
}
