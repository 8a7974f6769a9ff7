// What the interface costs its window at 5,000 requests a second with 30 servers: tasks of its main thread that worked longer
// than 50 ms, by the thread's CPU time (work) and by the clock (work, and waiting for a core that load and proxy use too), and how
// long a change of screen took to be painted.
// Usage: node bench/interface.mjs [--rate 5000] [--servers 30] [--seconds 20]; needs a built tree and Chromium.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '5000' },
    servers: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '20' },
    browser: { type: 'string', default: process.env.BALLAST_BROWSER ?? '/usr/bin/chromium' },
  },
});
const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
const children = [];

function start(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => JSON.parse((await lines.next()).value) };
}

/** Tasks of the busiest page's main thread, from a trace of Chromium's. */
function mainThreadTasks(events) {
  const mains = new Set(
    events
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const byThread = new Map();
  for (const { name, ph, pid, tid, dur, tdur } of events) {
    if (ph !== 'X' || name !== 'ThreadControllerImpl::RunTask' || !mains.has(`${pid}/${tid}`)) continue;
    const tasks = byThread.get(pid) ?? [];
    byThread.set(pid, tasks);
    tasks.push({ clockMs: dur / 1000, workMs: (tdur ?? dur) / 1000 });
  }
  const busiest = [...byThread.values()].sort((a, b) => b.length - a.length)[0];
  if (!busiest) throw new Error('the trace has no tasks of a page');
  return busiest;
}

const longest = (durations) => Math.round(durations.reduce((most, each) => Math.max(most, each), 0));

try {
  const ports = await start(['bench/peers/quick-servers.mjs', values.servers]).line();
  const file = join(folder, 'ballast.yaml');
  const pools = ['api', 'web', 'search'].map((name, index) => {
    const members = ports.filter((_, at) => at % 3 === index);
    return `  - name: ${name}\n    servers:\n${members.map((port) => `      - { address: 127.0.0.1:${port} }\n`).join('')}`;
  });
  writeFileSync(
    file,
    `version: 1\nlisteners:\n  - { name: api, bind: 127.0.0.1:0, pool: api }\n  - { name: web, bind: 127.0.0.1:0, pool: web }\n  - { name: search, bind: 127.0.0.1:0, pool: search }\npools:\n${pools.join('')}`,
  );
  const ballast = start(['out/main/cli.js', 'up', file, '--json', '--no-open', '--control-port', '0']);
  const ready = await ballast.line();

  const browser = await chromium.launch({
    executablePath: values.browser,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const page = await browser.newPage({ viewport: { width: 1600, height: 960 } });
  await page.goto(ready.control);
  await page.getByText('api-1', { exact: true }).first().waitFor();

  const share = Math.round(Number(values.rate) / ready.listeners.length);
  const loads = ready.listeners.map(({ url }) =>
    start(['bench/peers/steady-load.mjs', url, String(share), values.seconds]),
  );
  await page.waitForTimeout(3_000); // the first frames compile the code that draws
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  const visits = [];
  const end = performance.now() + (Number(values.seconds) - 5) * 1000;
  while (performance.now() < end) {
    for (const name of ['Requests', 'Sessions', 'Topology']) {
      const before = performance.now();
      await page.getByRole('navigation').getByText(name, { exact: true }).click();
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
      visits.push(performance.now() - before);
      await page.waitForTimeout(700);
    }
  }
  const tasks = mainThreadTasks(JSON.parse((await browser.stopTracing()).toString()).traceEvents);
  await page.screenshot({ path: join(tmpdir(), 'ballast-interface-under-load.png') });
  const counts = await Promise.all(loads.map((load) => load.line()));
  const sum = (key) => counts.reduce((total, each) => total + each[key], 0);
  visits.sort((a, b) => a - b);
  console.log(
    JSON.stringify(
      {
        requests: {
          sent: sum('sent'),
          answered: sum('answered'),
          failed: sum('failed'),
          skipped: sum('skipped'),
        },
        answeredPerSecond: Math.round(sum('answered') / Number(values.seconds)),
        tasks: tasks.length,
        workOver50Ms: tasks.filter(({ workMs }) => workMs > 50).length,
        longestWorkMs: longest(tasks.map(({ workMs }) => workMs)),
        byTheClockOver50Ms: tasks.filter(({ clockMs }) => clockMs > 50).length,
        longestByTheClockMs: longest(tasks.map(({ clockMs }) => clockMs)),
        screenChangesMs: { median: Math.round(visits[visits.length >> 1]), worst: Math.round(visits.at(-1)) },
      },
      null,
      2,
    ),
  );
  await browser.close();
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
