/**
 * What `net.Socket` itself stands on: Node's handles of TCP connections. They are reached through `process.binding`, which
 * Node keeps for such uses and deprecates in its documentation only. `HandleSocket` is the one user, and `probeReadPath`
 * finds out at start whether all of it works with the Node at hand; everything below has a public fallback.
 */
export interface StreamHandle {
  /** Called with the handle as `this` after every read; what it returns is read into next. */
  onread: (this: StreamHandle) => Uint8Array | undefined;
  /** Ours. */
  laneSocket: unknown;
  useUserBuffer(bytes: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeLatin1String(request: StreamRequest, text: string): number;
  writeBuffer(request: StreamRequest, bytes: Uint8Array): number;
  shutdown(request: StreamRequest): number;
  close(done?: () => void): void;
  reset(done?: () => void): number;
  setNoDelay(on: boolean): number;
  getpeername(out: { address?: string }): number;
  connect(request: StreamRequest, host: string, port: number): number;
  connect6(request: StreamRequest, host: string, port: number): number;
  /** Bytes written that the system has not taken. */
  readonly writeQueueSize?: number;
}

/** Something asked of a handle that may take a while. */
export interface StreamRequest {
  /** Called with the request as `this`; a negative status is an error. */
  oncomplete: (this: StreamRequest, status: number) => void;
  laneSocket: unknown;
  /** Bytes it writes, kept until they are written. */
  buffer: Uint8Array | null;
  byteLength: number;
}

export interface StreamInternals {
  /** Where the results of the last read and the last write stand. */
  readonly state: Int32Array;
  readonly readAt: number;
  readonly asyncAt: number;
  readonly WriteRequest: new () => StreamRequest;
  readonly ShutdownRequest: new () => StreamRequest;
  readonly ConnectRequest: new () => StreamRequest;
  /** `kind`: `clientKind` for a connection. */
  readonly Handle: new (
    kind: number,
  ) => StreamHandle;
  readonly clientKind: number;
}

/** Null where this Node has them no more, or not in this form. */
export const streamInternals: StreamInternals | null = findInternals();

function findInternals(): StreamInternals | null {
  const { binding } = process as unknown as { binding?: (name: string) => Record<string, unknown> };
  if (typeof binding !== 'function') return null;
  try {
    const stream = binding.call(process, 'stream_wrap');
    const tcp = binding.call(process, 'tcp_wrap');
    const constants = tcp['constants'] as Record<string, unknown> | undefined;
    const found = {
      state: stream['streamBaseState'],
      readAt: stream['kReadBytesOrError'],
      asyncAt: stream['kLastWriteWasAsync'],
      WriteRequest: stream['WriteWrap'],
      ShutdownRequest: stream['ShutdownWrap'],
      ConnectRequest: tcp['TCPConnectWrap'],
      Handle: tcp['TCP'],
      clientKind: constants?.['SOCKET'],
    };
    const numbers = [found.readAt, found.asyncAt, found.clientKind];
    const classes = [found.WriteRequest, found.ShutdownRequest, found.ConnectRequest, found.Handle];
    const isWhole =
      found.state instanceof Int32Array &&
      numbers.every((each) => typeof each === 'number') &&
      classes.every((each) => typeof each === 'function');
    return isWhole ? (found as StreamInternals) : null;
  } catch {
    return null;
  }
}
