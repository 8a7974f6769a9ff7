/**
 * The two messages of `grpc.health.v1.Health/Check` (https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto)
 * as protobuf writes them, in the frame that gRPC puts around a message: a flag for compression, then the length.
 */

/** `HealthCheckResponse.ServingStatus`. */
export const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

const frameHeadBytes = 5;
const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

/** `HealthCheckRequest { service }`, framed. @param service empty for the server as a whole; at most 16383 bytes */
export function checkRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const lengthBytes = name.length < 128 ? [name.length] : [(name.length & 127) | 128, name.length >> 7];
  // An empty field is left out in proto3. 0x0a: field 1, of a length.
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...lengthBytes]), name]);
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Number of the serving status in a framed `HealthCheckResponse`; null where the bytes are none, or not whole. */
export function servingStatusIn(bytes: Buffer): number | null {
  if (bytes.length < frameHeadBytes || bytes[0] !== 0) return null;
  const end = frameHeadBytes + bytes.readUInt32BE(1);
  if (bytes.length < end) return null;
  let at = frameHeadBytes;
  /** Left out in proto3 where it is 0. */
  let status = 0;
  const number = (): number | null => {
    let value = 0;
    for (let shift = 0; shift < 70 && at < end; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return null;
  };
  while (at < end) {
    const key = number();
    if (key === null) return null;
    const kind = key % 8;
    if (kind === varint) {
      const value = number();
      if (value === null) return null;
      if (key >> 3 === 1) status = value;
    } else if (kind === fixed64) at += 8;
    else if (kind === fixed32) at += 4;
    else if (kind === lengthDelimited) {
      const length = number();
      if (length === null) return null;
      at += length;
    } else return null;
  }
  return at === end ? status : null;
}
