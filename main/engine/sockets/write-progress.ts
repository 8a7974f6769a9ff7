import { HandleSocket } from './handle-socket.ts';
import type { LaneSocket } from './lane-socket.ts';

/**
 * A measure of what was written and the kernel has not taken yet: it shrinks whenever the peer takes something, even while
 * one large write is still on its way, which `writableLength` alone does not show. Node's own socket timeout looks at the
 * same number of its handle; where that is missing, whole writes are what is seen.
 */
export function unsentMeasure(socket: LaneSocket): number {
  if (socket instanceof HandleSocket) return socket.unsentBytes;
  const handle = (socket as unknown as { _handle?: { writeQueueSize?: number } | null })._handle;
  return socket.writableLength + (handle?.writeQueueSize ?? 0);
}
