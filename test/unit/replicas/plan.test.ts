import { parseConfig } from '@shared/config/parse.ts';
import type { Config, ConfigInput } from '@shared/config/schema.ts';
import { describe, expect, it } from 'vitest';
import { planReplicas } from '../../../main/replicas/plan.ts';
import { configOf } from '../../support/config-of.ts';

function configWith(pools: Record<string, number[]>, replicas: ConfigInput['replicas']): Config {
  return configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: Object.keys(pools)[0] }],
    pools: Object.entries(pools).map(([name, ports]) => ({
      name,
      servers: ports.map((port) => ({ address: `127.0.0.1:${port}` })),
    })),
    replicas,
  });
}

const plan = (config: Config, running: { id: string; group: string; address: string }[] = []): string[] =>
  planReplicas(config, { baseDir: '/shop', running }).map(({ id, address }) => `${id} ${address}`);

describe('planReplicas', () => {
  it('backs the first servers of a pool with count processes', () => {
    const config = configWith({ api: [3001, 3002, 3003] }, [
      {
        name: 'api',
        command: 'node "my server.js" x',
        pool: 'api',
        count: 2,
        cwd: 'service',
        env: { A: 'b' },
      },
    ]);
    expect(planReplicas(config, { baseDir: '/shop', running: [] })).toEqual([
      {
        group: 'api',
        id: 'api-1',
        address: '127.0.0.1:3001',
        command: { file: 'node', args: ['my server.js', 'x'] },
        env: { A: 'b', BALLAST_REPLICA: 'api-1', PORT: '3001' },
        cwd: '/shop/service',
      },
      expect.objectContaining({ id: 'api-2', address: '127.0.0.1:3002' }),
    ]);
  });

  it('backs every server of the pool without a count, and every port', () => {
    expect(plan(configWith({ api: [1, 2] }, [{ name: 'r', command: 'x', pool: 'api' }]))).toEqual([
      'r-1 127.0.0.1:1',
      'r-2 127.0.0.1:2',
    ]);
    expect(plan(configWith({ api: [1] }, [{ name: 'r', command: 'x', ports: [7, 8] }]))).toEqual([
      'r-1 127.0.0.1:7',
      'r-2 127.0.0.1:8',
    ]);
  });

  it('lets a running process keep address and id when its server is dragged to another pool', () => {
    const running = [
      { id: 'r-1', group: 'r', address: '127.0.0.1:1' },
      { id: 'r-2', group: 'r', address: '127.0.0.1:2' },
    ];
    const dragged = configWith({ api: [2], other: [9, 1] }, [{ name: 'r', command: 'x', pool: 'api' }]);
    expect(plan(dragged, running)).toEqual(['r-1 127.0.0.1:1', 'r-2 127.0.0.1:2']);
  });

  it('lets a process go whose server is gone, and gives its number to the next', () => {
    const running = [
      { id: 'r-1', group: 'r', address: '127.0.0.1:1' },
      { id: 'r-2', group: 'r', address: '127.0.0.1:2' },
    ];
    const changed = configWith({ api: [2, 3] }, [{ name: 'r', command: 'x', pool: 'api' }]);
    expect(plan(changed, running)).toEqual(['r-2 127.0.0.1:2', 'r-1 127.0.0.1:3']);
  });

  it('keeps the processes of a group that now lists its ports', () => {
    const running = [
      { id: 'r-1', group: 'r', address: '127.0.0.1:1' },
      { id: 'r-2', group: 'r', address: '127.0.0.1:2' },
    ];
    const listed = configWith({ api: [2], b: [1] }, [{ name: 'r', command: 'x', ports: [1, 2] }]);
    expect(plan(listed, running)).toEqual(['r-1 127.0.0.1:1', 'r-2 127.0.0.1:2']);
  });

  it('gives an address to one group only, and starts nothing for another machine', () => {
    const config = configWith({ api: [1, 2] }, [
      { name: 'a', command: 'x', ports: [2] },
      { name: 'b', command: 'x', pool: 'api' },
    ]);
    expect(plan(config)).toEqual(['a-1 127.0.0.1:2', 'b-1 127.0.0.1:1']);
    const remote = parseConfig({
      listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
      pools: [{ name: 'api', servers: [{ address: '10.0.0.7:80' }, { address: '[::1]:81' }] }],
      replicas: [{ name: 'r', command: 'x', pool: 'api' }],
    });
    expect(remote.ok && plan(remote.config)).toEqual(['r-1 [::1]:81']);
  });
});
