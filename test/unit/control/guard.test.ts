import { describe, expect, it } from 'vitest';
import { hostAllowed, originAllowed, tokenMatches } from '../../../main/control/guard.ts';

describe('who may speak to the control endpoint', () => {
  it.each([
    ['127.0.0.1:9900', true],
    ['localhost:9900', true],
    ['[::1]:9900', true],
    ['127.0.0.1', false],
    ['127.0.0.1:9901', false],
    ['127.0.0.1:9900.evil.test', false],
    ['127.0.0.1.evil.test:9900', false],
    ['user@127.0.0.1:9900', false],
    ['evil.test:9900', false],
    ['192.168.0.2:9900', false],
    ['', false],
    [undefined, false],
  ])('on loopback, the name %s: %s', (header, allowed) => {
    expect(hostAllowed(header, { host: '127.0.0.1', port: 9900 })).toBe(allowed);
  });

  it('on every address takes literal addresses and this machine, never a foreign name', () => {
    const everywhere = { host: '0.0.0.0', port: 9900 };
    expect(hostAllowed('192.168.0.2:9900', everywhere)).toBe(true);
    expect(hostAllowed('[fe80::1]:9900', everywhere)).toBe(true);
    expect(hostAllowed('localhost:9900', everywhere)).toBe(true);
    expect(hostAllowed('evil.test:9900', everywhere)).toBe(false);
  });

  it('knows a name without a port on port 80', () => {
    expect(hostAllowed('localhost', { host: '127.0.0.1', port: 80 })).toBe(true);
  });

  it('takes no origin but its own', () => {
    expect(originAllowed('http://127.0.0.1:9900', '127.0.0.1:9900')).toBe(true);
    expect(originAllowed(undefined, '127.0.0.1:9900')).toBe(true);
    for (const origin of [
      'null',
      '',
      'https://127.0.0.1:9900',
      'http://127.0.0.1:9900/',
      'http://localhost:9900',
    ]) {
      expect(originAllowed(origin, '127.0.0.1:9900'), origin).toBe(false);
    }
  });

  it('matches a token whole', () => {
    expect(tokenMatches('abc', 'abc')).toBe(true);
    for (const guess of [undefined, '', 'ab', 'abcd', 'abC']) expect(tokenMatches(guess, 'abc')).toBe(false);
  });
});
