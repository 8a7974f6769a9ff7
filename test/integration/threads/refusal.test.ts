import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whyPortsCannotBeShared } from '../../../main/engine/threads/reuse-port.ts';
import { type CliKit, createCliKit } from '../../support/cli-kit.ts';
import { startNamedServer } from '../../support/named-server.ts';
import { countAnswers, startOwner } from '../../support/owner-kit.ts';

const why = await whyPortsCannotBeShared();
const suffix = why === null ? ` (skipped: Node ${process.versions.node} can have several threads)` : '';

let cli: CliKit;
beforeEach(() => {
  cli = createCliKit();
});
afterEach(() => cli.dispose());

const file = (threads: number, address = '127.0.0.1:3001') => `
listeners: [{ name: web, bind: 127.0.0.1:0, pool: api }]
pools: [{ name: api, servers: [{ address: "${address}" }] }]
dataPlane:
  threads: ${threads}
`;

describe.skipIf(why === null)(`several threads where ports cannot be shared${suffix}`, () => {
  it.each(['check', 'up'])(
    'are refused by %s, with the place in the file and the Node needed',
    async (command) => {
      writeFileSync(join(cli.folder, 'ballast.yaml'), file(2));
      const { code, stdout, stderr } = await cli.run(command, ...(command === 'up' ? ['--no-open'] : []));
      expect(code).toBe(2);
      expect(stdout + stderr).toContain('ballast.yaml:5:');
      expect(stdout + stderr).toContain('Node 23.1 or later');
      expect(stdout + stderr).toContain(process.versions.node);
    },
  );

  it('are refused while Ballast runs, and what ran goes on', async () => {
    const server = await startNamedServer('a');
    const owner = await startOwner(file(1, server.address));
    try {
      writeFileSync(owner.path, file(2, server.address));
      await expect
        .poll(() => owner.events.find(({ kind }) => kind === 'config-refused')?.text, { timeout: 15_000 })
        .toContain('Node 23.1 or later');
      expect(await countAnswers(owner.listeners[0]!.url, 2)).toEqual({ a: 2 });
    } finally {
      await owner.stop();
      await server.close();
    }
  });

  it('one thread is asked nothing', async () => {
    writeFileSync(join(cli.folder, 'ballast.yaml'), file(1));
    expect(await cli.run('check')).toMatchObject({ code: 0 });
  });
});
