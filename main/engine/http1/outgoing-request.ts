import { flat, rememberingText } from './latin1-text.ts';
import type { RequestHead } from './request-head.ts';

const targetText = rememberingText();

/**
 * The head that goes to the server: the client's bytes without what concerned its own hop, then what this hop says. The
 * same for every server, so one text serves all attempts.
 *
 * @param clientAddress without a port
 * @param host value of Host as the client meant it
 * @param ownAuthority what stands in for Host where an HTTP/1.0 client sent none
 */
export function outgoingRequest(
  bytes: Buffer,
  head: RequestHead,
  clientAddress: string,
  host: string,
  ownAuthority: string,
): string {
  return (
    firstPart(bytes, head, host, ownAuthority) + ownFields(bytes, head, clientAddress, host || ownAuthority)
  );
}

function firstPart(bytes: Buffer, head: RequestHead, host: string, ownAuthority: string): string {
  if (head.maxForwards > 0) head.cutRange(head.maxForwardsLineStart, head.maxForwardsLineEnd);
  const isAbsolute = head.pathStart >= 0;
  if (!isAbsolute && head.minor === 1) return head.remaining(bytes, head.methodStart);
  const method = bytes.toString('latin1', head.methodStart, head.methodEnd);
  const line = `${method} ${originForm(bytes, head, method)} HTTP/1.1\r\n`;
  if (isAbsolute && head.hostLineStart >= 0) head.cutRange(head.hostLineStart, head.hostLineEnd);
  const needsHost = isAbsolute || head.hostLineStart < 0;
  return `${line}${needsHost ? `Host: ${host || ownAuthority}\r\n` : ''}${head.remaining(bytes, head.fieldsStart)}`;
}

/** The target as servers expect it (RFC 9112 section 3.2.1). */
export function originForm(bytes: Buffer, head: RequestHead, method: string): string {
  if (head.pathStart < 0) return targetText(bytes, head.targetStart, head.targetEnd);
  const path = bytes.toString('latin1', head.pathStart, head.targetEnd);
  if (path === '') return method === 'OPTIONS' ? '*' : '/';
  return path.startsWith('/') ? path : `/${path}`;
}

/** The values at these pairs of offsets and one more, as one list. */
function listed(bytes: Buffer, ranges: readonly number[], last: string): string {
  let list = last;
  for (let i = ranges.length - 2; i >= 0; i -= 2)
    list = `${bytes.toString('latin1', ranges[i], ranges[i + 1])}, ${list}`;
  return list;
}

/** An address in `Forwarded` (RFC 7239 section 6). */
function forwardedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

function ownFields(bytes: Buffer, head: RequestHead, clientAddress: string, host: string): string {
  // Whatever is added below has to be among these conditions, if it depends on the request.
  if (
    head.forwardedFor.length === 0 &&
    !head.hasForwardedProto &&
    !head.hasForwardedHost &&
    !head.hasForwarded &&
    head.maxForwards < 0 &&
    !head.upgrades
  )
    return usualFields(clientAddress, host);
  let text = '';
  if (head.maxForwards > 0) text = `Max-Forwards: ${head.maxForwards - 1}\r\n`;
  if (head.hasForwarded) {
    const element = `for=${forwardedNode(clientAddress)};host="${host}";proto=http`;
    text += `Forwarded: ${listed(bytes, head.forwarded, element)}\r\n`;
  }
  text += `X-Forwarded-For: ${listed(bytes, head.forwardedFor, clientAddress)}\r\n`;
  if (!head.hasForwardedProto) text += 'X-Forwarded-Proto: http\r\n';
  if (!head.hasForwardedHost) text += `X-Forwarded-Host: ${host}\r\n`;
  if (head.upgrades) {
    const protocol = bytes.toString('latin1', head.upgradeStart, head.upgradeEnd);
    text += `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
  }
  return `${text}\r\n`;
}

let usualAddress = '';
let usualHost = '';
let usual = '';

/** What this hop says of most requests: made anew only for another client address or another host than the last time. */
function usualFields(clientAddress: string, host: string): string {
  if (usual === '' || clientAddress !== usualAddress || host !== usualHost) {
    usualAddress = clientAddress;
    usualHost = host;
    usual = flat(
      `X-Forwarded-For: ${clientAddress}\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: ${host}\r\n\r\n`,
    );
  }
  return usual;
}
