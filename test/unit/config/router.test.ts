import { createRouter } from '@shared/config/router.ts';
import { describe, expect, it } from 'vitest';

const router = createRouter([
  { path: '/', pool: 'any' },
  { path: '/api', pool: 'any-api' },
  { path: '/api/v2/', pool: 'any-api-v2' },
  { host: 'shop.test', path: '/', pool: 'shop' },
  { host: 'shop.test', path: '/cart', pool: 'cart' },
  { host: '*.test', path: '/', pool: 'wild' },
  { host: '*.eu.test', path: '/', pool: 'wild-eu' },
  { host: 'only.example', path: '/deep', pool: 'deep' },
]);

describe('a route', () => {
  it.each([
    ['x', '/', 'any'],
    ['x', '/api', 'any-api'],
    ['x', '/api/', 'any-api'],
    ['x', '/api?q=/api/v2', 'any-api'],
    ['x', '/apix', 'any'],
    ['x', '/api/v2', 'any-api-v2'],
    ['x', '/api/v2/x', 'any-api-v2'],
    ['', '/api', 'any-api'],
    ['shop.test', '/api', 'shop'],
    ['SHOP.test:8080', '/cart/1', 'cart'],
    ['shop.test.', '/', 'shop'],
    ['a.test', '/', 'wild'],
    ['b.a.test', '/', 'wild'],
    ['a.eu.test', '/', 'wild-eu'],
    ['test', '/', 'any'],
    ['xtest', '/', 'any'],
    ['[::1]:8080', '/api', 'any-api'],
    ['only.example', '/deep/er', 'deep'],
    ['only.example', '/', 'any'],
    ['x', '*', 'any'],
  ])('for host %j and target %j leads to %s', (host, target, pool) => {
    expect(router.find(host, target)?.pool).toBe(pool);
  });

  it('that does not exist leads nowhere', () => {
    const narrow = createRouter([{ host: 'a.test', path: '/x', pool: 'p' }]);
    expect(narrow.find('a.test', '/x/y')).toEqual({ host: 'a.test', path: '/x', pool: 'p' });
    expect(narrow.find('a.test', '/')).toBeNull();
    expect(narrow.find('b.test', '/x')).toBeNull();
  });
});
