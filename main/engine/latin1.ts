interface LatinSlices {
  /** What `toString` calls once it has found out which encoding is meant; older than Node's documentation, and not in it. */
  latin1Slice(start: number, end: number): string;
}

/** The bytes as latin1 text. Offsets lie within them. */
export const latin1: (bytes: Buffer, start: number, end: number) => string =
  'latin1Slice' in Buffer.prototype
    ? (bytes, start, end) => (bytes as Buffer & LatinSlices).latin1Slice(start, end)
    : (bytes, start, end) => bytes.toString('latin1', start, end);
