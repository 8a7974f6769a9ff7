import { existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../main/engine/clock.ts';
import { planReplicas } from '../../../main/replicas/plan.ts';
import { createSupervisor } from '../../../main/replicas/supervisor.ts';
import { createDemoWorkspace, type DemoWorkspace } from '../../../main/workspace/demo.ts';
import { freePorts } from '../../../main/workspace/free-ports.ts';
import { openWorkspace } from '../../../main/workspace/workspace.ts';
import { until } from '../../support/until.ts';

const made: DemoWorkspace[] = [];
afterEach(async () => {
  for (const demo of made.splice(0)) await demo.cleanup();
});

async function demoOn(preferredPort: number): Promise<DemoWorkspace> {
  const demo = await createDemoWorkspace({ preferredPort });
  made.push(demo);
  return demo;
}

it('writes a private, commented ballast.yaml that runs three replicas which name themselves', async () => {
  const [port] = (await freePorts(1)) as [number];
  const demo = await demoOn(port);
  expect(demo).toMatchObject({ listenerPort: port, portNote: null });
  if (process.platform !== 'win32') expect(statSync(dirname(demo.path)).mode & 0o777).toBe(0o700);
  const workspace = await openWorkspace(demo.path, { log: () => {} });
  const checked = workspace.document.check();
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const { config } = checked;
  expect(config.pools[0]).toMatchObject({
    name: 'api',
    strategy: { kind: 'round-robin' },
    healthCheck: { type: 'http', path: '/health', intervalMs: 500 },
  });
  const supervisor = createSupervisor({ clock: systemClock, log: () => {} });
  try {
    supervisor.apply(planReplicas(config, { baseDir: dirname(demo.path), running: [] }));
    await until(
      'three replicas run',
      () => supervisor.statuses().filter(({ state }) => state === 'running').length === 3,
    );
    for (const { name, address } of config.pools[0]!.servers) {
      const answer = await fetch(`http://${address.host}:${address.port}/`);
      expect(await answer.json()).toMatchObject({ server: name });
    }
  } finally {
    await supervisor.stop(2_000);
  }
  await demo.cleanup();
  expect(existsSync(dirname(demo.path))).toBe(false);
});

it('takes the next free port when the preferred one is taken, and says so', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as { port: number };
  const demo = await demoOn(port);
  expect(demo.listenerPort).toBeGreaterThan(port);
  expect(demo.portNote).toBe(`port ${port} is taken; the demo listens on ${demo.listenerPort} instead`);
  holder.close();
});
