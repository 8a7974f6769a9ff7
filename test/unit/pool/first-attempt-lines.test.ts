import { expect, it } from 'vitest';
import { Exchange } from '../../../main/engine/exchange.ts';
import { FirstAttemptLines } from '../../../main/engine/pool/first-attempt-lines.ts';

it('names server, attempt and request in three whole lines, whatever the number and whoever asked before', () => {
  const lines = new FirstAttemptLines('api-1');
  const numbers = [
    1,
    9,
    10,
    999,
    1_000,
    1_001,
    1_999,
    2_000,
    999_999,
    1_000_000,
    1_000_042,
    2 ** 31 + 7,
    12,
    1_500,
  ];
  for (const id of numbers) {
    for (const idPrefix of ['k3x-', 'k3x-1t']) {
      const exchange = Object.assign(new Exchange(), { id, idPrefix });
      expect(lines.of(exchange)).toBe(
        `x-ballast-server: api-1\r\nx-ballast-attempts: 1\r\nx-ballast-request: ${exchange.idText}\r\n`,
      );
      expect(exchange.idText).toBe(`${idPrefix}${id}`);
    }
  }
});
