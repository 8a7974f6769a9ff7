import { describe, expect, it } from 'vitest';
import { resolveNames } from '../../../main/command-line/named.ts';

const pools = [
  { name: 'api', servers: [{ name: 'a' }, { name: 'b' }] },
  { name: 'web', servers: [{ name: 'b' }] },
];

describe('names on the command line', () => {
  it('mean a server by its plain name where one pool has it, or the pool is named', () => {
    expect(resolveNames(pools, { server: 'a' })).toEqual({ wanted: { server: 'api/a' }, problem: null });
    expect(resolveNames(pools, { server: 'web/b' })).toEqual({ wanted: { server: 'web/b' }, problem: null });
    expect(resolveNames(pools, { pool: 'web', server: 'b' })).toEqual({
      wanted: { pool: 'web', server: 'web/b' },
      problem: null,
    });
  });

  it('are told where nothing has them, with those there are', () => {
    expect(resolveNames(pools, { pool: 'nope' }).problem).toBe('there is no pool "nope"; there is api, web');
    expect(resolveNames(pools, { server: 'c' }).problem).toBe(
      'there is no server "c"; there is api/a, api/b, web/b',
    );
    expect(resolveNames(pools, { pool: 'api', server: 'web/b' }).problem).toBe(
      'web/b is no server of pool api; there is api/a, api/b',
    );
    expect(resolveNames(pools, { server: 'b' }).problem).toBe(
      'several pools have a server "b"; write api/b or web/b',
    );
  });
});
