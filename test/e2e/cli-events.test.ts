import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePorts } from '../../main/workspace/free-ports.ts';
import { afterThisTest } from '../support/after-this-test.ts';
import { createCliKit } from '../support/cli-kit.ts';
import { until } from '../support/until.ts';

it('events name the pool of a server where another pool has one of that name, and only there', async () => {
  const cli = createCliKit();
  afterThisTest(() => cli.dispose());
  const [port, one, two, three] = await freePorts(4);
  // Nobody listens there: the first probe of each tells so.
  writeFileSync(
    join(cli.folder, 'ballast.yaml'),
    `version: 1
listeners: [{ name: web, bind: 127.0.0.1:${port}, pool: shop }]
pools:
  - name: shop
    healthCheck: { type: tcp, interval: 200ms }
    servers: [{ name: api-1, address: 127.0.0.1:${one} }, { name: solo, address: 127.0.0.1:${two} }]
  - name: side
    healthCheck: { type: tcp, interval: 200ms }
    servers: [{ name: api-1, address: 127.0.0.1:${three} }]
`,
  );
  await cli.start('up', '--control-port', '0');
  const verdicts = async (...of: string[]): Promise<string[]> => {
    const { stdout } = await cli.run('events', '--limit', '100', ...of);
    return stdout.split('\n').filter((line) => / is unhealthy/.test(line));
  };
  let told: string[] = [];
  await until('the verdicts of all three', async () => {
    told = await verdicts();
    return told.length === 3;
  });
  expect(told.filter((line) => /api-1 is unhealthy.* \(pool shop\)$/.test(line))).toHaveLength(1);
  expect(told.filter((line) => /api-1 is unhealthy.* \(pool side\)$/.test(line))).toHaveLength(1);
  expect(told.filter((line) => line.includes('solo') && !line.includes('(pool'))).toHaveLength(1);
  expect(await verdicts('--server', 'side/api-1')).toEqual(
    told.filter((line) => line.endsWith('(pool side)')),
  );
});
