import { describe, expect, it } from 'vitest';
import { fieldBytesEnd } from '../../../main/engine/http1/field-bytes.ts';

/** RFC 9110 section 5.5, and the bytes above ASCII. */
const mayStand = (byte: number): boolean => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f);

describe('the end of a field value (RFC 9110 section 5.5)', () => {
  it('is the first byte that may not stand in one, whatever it is and wherever it stands', () => {
    for (const byteOffset of [0, 1, 2, 3]) {
      const bytes = new Uint8Array(new ArrayBuffer(48), byteOffset, 40);
      for (const neighbour of [0x20, 0x61, 0x80, 0xff]) {
        bytes.fill(neighbour);
        for (let at = 0; at < bytes.length; at++) {
          for (let byte = 0; byte < 256; byte++) {
            bytes[at] = byte;
            for (const start of [0, 1, 2, 3, 20, at]) {
              const wanted = mayStand(byte) || at < start ? bytes.length : at;
              if (fieldBytesEnd(bytes, start, bytes.length) !== wanted)
                expect.fail(`byte ${byte} at ${at} from ${start}, beside ${neighbour}, offset ${byteOffset}`);
            }
          }
          bytes[at] = neighbour;
        }
      }
    }
  });

  it('is not beyond what has come', () => {
    const bytes = new Uint8Array(64).fill(0x61);
    for (let start = 0; start < 32; start++)
      for (let end = start; end <= 64; end++) expect(fieldBytesEnd(bytes, start, end)).toBe(end);
  });

  it('is found in one buffer after another', () => {
    for (let size = 16; size < 64; size++) {
      const bytes = new Uint8Array(size).fill(0x61);
      bytes[size - 1] = 0x0d;
      expect(fieldBytesEnd(bytes, 0, size)).toBe(size - 1);
    }
  });
});
