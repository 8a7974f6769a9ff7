let second = -1;
let line = '';

/** A `Date` field as a whole line (RFC 9110 section 5.6.7). Made once a second. */
export function dateLine(epochMs: number): string {
  const now = Math.floor(epochMs / 1_000);
  if (now !== second) {
    second = now;
    line = `Date: ${new Date(now * 1_000).toUTCString()}\r\n`;
  }
  return line;
}
