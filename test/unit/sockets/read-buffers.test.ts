import { describe, expect, it } from 'vitest';
import { leasedReadBuffers, ReadBuffer } from '../../../main/engine/sockets/read-buffers.ts';

const large = { isLarge: () => true };
const small = { isLarge: () => false };

describe('a large buffer of one socket', () => {
  it('serves another socket once its body has passed and all of it was written', () => {
    const first = new ReadBuffer();
    const lent = first.next(large, false);
    expect(first.next(large, false) === lent).toBe(true);
    expect(first.next(small, false) === lent).toBe(false);
    const second = new ReadBuffer();
    expect(second.next(large, false) === lent).toBe(true);
    second.close();
    expect(leasedReadBuffers()).toBe(0);
  });

  it('serves nobody else while what is in it still waits to be written', () => {
    const first = new ReadBuffer();
    const lent = first.next(large, false);
    expect(first.next(small, true) === lent).toBe(false);
    const second = new ReadBuffer();
    expect(second.next(large, false) === lent).toBe(false);
    second.close();
    expect(leasedReadBuffers()).toBe(0);
  });
});
