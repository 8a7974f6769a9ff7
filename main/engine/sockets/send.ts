import { latin1 } from '../latin1.ts';
import type { LaneSocket } from './lane-socket.ts';

/** Up to here head and body leave as one latin1 string: measured cheaper than any buffer, and safe to keep. */
const stringBytes = 16_384;
const scratchBytes = 131_072;
let scratch = Buffer.allocUnsafeSlow(scratchBytes);

/**
 * Writes a head (may be empty, latin1) and bytes of a body in as few writes as possible: one, where it can. `stable` says
 * that the bytes stay as they are until written; others are copied before this returns.
 */
export function send(
  socket: LaneSocket,
  head: string,
  bytes: Buffer,
  start: number,
  end: number,
  stable: boolean,
): void {
  const length = end - start;
  if (length <= 0) {
    if (head !== '') socket.write(head, 'latin1');
    return;
  }
  if (length <= stringBytes) {
    const text = latin1(bytes, start, end);
    socket.write(head === '' ? text : head + text, 'latin1');
    return;
  }
  // A piece of at least the high-water mark always brings a `drain` when it has to wait, so the reader knows when the
  // bytes are free again.
  if (
    stable &&
    (head === '' || head.length + length > scratchBytes) &&
    length >= socket.writableHighWaterMark
  ) {
    if (head !== '') socket.write(head, 'latin1');
    socket.write(bytes.subarray(start, end));
    return;
  }
  if (socket.writableLength > 0 || head.length + length > scratchBytes) {
    if (head !== '') socket.write(head, 'latin1');
    socket.write(Buffer.from(bytes.subarray(start, end)));
    return;
  }
  const headBytes = head === '' ? 0 : scratch.write(head, 0, 'latin1');
  bytes.copy(scratch, headBytes, start, end);
  socket.write(scratch.subarray(0, headBytes + length));
  // What the kernel did not take at once is still being read from there: that buffer is given away.
  if (socket.writableLength > 0) scratch = Buffer.allocUnsafeSlow(scratchBytes);
}

/**
 * Whether to stop reading what feeds this socket. Only when something waits and a `drain` is sure to come: a write below
 * the high-water mark brings none, and pausing for it would stall for good.
 */
export function writableIsBlocked(socket: LaneSocket): boolean {
  return socket.writableLength > 0 && socket.writableNeedDrain;
}
