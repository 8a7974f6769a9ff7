import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliKit, createCliKit } from '../support/cli-kit.ts';
import { type NamedServer, startNamedServer } from '../support/named-server.ts';
import { countAnswers } from '../support/owner-kit.ts';
import { suffix, whyNot } from '../support/threads-kit.ts';

let cli: CliKit;
let server: NamedServer;
beforeEach(async () => {
  cli = createCliKit();
  server = await startNamedServer('a');
});
afterEach(async () => {
  await cli.dispose();
  await server.close();
});

describe.skipIf(whyNot !== null)(`several threads from the command line${suffix}`, () => {
  it('are good to check, start, serve and stop', async () => {
    writeFileSync(
      join(cli.folder, 'ballast.yaml'),
      `
listeners: [{ name: web, bind: 127.0.0.1:0, pool: api }]
pools: [{ name: api, servers: [{ address: "${server.address}" }] }]
dataPlane: { threads: 3 }
`,
    );
    expect(await cli.run('check')).toMatchObject({ code: 0 });
    const running = await cli.start('up', '--no-open', '--control-port', '0');
    expect(await countAnswers(running.ready.listeners[0]!.url, 30)).toEqual({ a: 30 });
    const status = await cli.run('status', '--json');
    expect(status.code).toBe(0);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
  });
});
