import { clockText, momentText } from '@shared/lib/moment.ts';
import { expect, it } from 'vitest';

const at = (...parts: [number, number, number, number, number, number, number?]): number =>
  new Date(...parts).getTime();
const now = at(2026, 10, 23, 14, 3, 7);

it('a moment of today is told by the clock, one of another day with its date', () => {
  expect(momentText(now, now)).toBe('14:03:07');
  expect(momentText(at(2026, 10, 23, 0, 0, 0, 5), now, true)).toBe('00:00:00.005');
  expect(momentText(at(2026, 10, 24, 14, 3, 7), now)).toBe('24 Nov 14:03:07');
  expect(momentText(at(2026, 10, 22, 23, 59, 59, 999), now, true)).toBe('22 Nov 23:59:59.999');
  expect(momentText(at(2026, 9, 23, 14, 3, 7), now)).toBe('23 Oct 14:03:07');
  expect(momentText(at(2027, 0, 3, 9, 0, 0), now)).toBe('3 Jan 2027 09:00:00');
});

it('a ruler tells the clock alone', () => {
  expect(clockText(at(2027, 0, 3, 9, 0, 0))).toBe('09:00:00');
});
