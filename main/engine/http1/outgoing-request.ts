import { flat } from './latin1-text.ts';
import type { RequestHead } from './request-head.ts';

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
  if (head.pathStart < 0) return bytes.toString('latin1', head.targetStart, head.targetEnd);
  const path = bytes.toString('latin1', head.pathStart, head.targetEnd);
  if (path === '') return method === 'OPTIONS' ? '*' : '/';
  return path.startsWith('/') ? path : `/${path}`;
}

function ownFields(bytes: Buffer, head: RequestHead, clientAddress: string, host: string): string {
  // Whatever is added below has to be among these conditions, if it depends on the request.
  if (head.forwardedFor.length === 0 && !head.hasForwardedProto && !head.hasForwardedHost && !head.upgrades)
    return usualFields(clientAddress, host);
  let forwardedFor = clientAddress;
  const trusted = head.forwardedFor;
  for (let i = trusted.length - 2; i >= 0; i -= 2)
    forwardedFor = `${bytes.toString('latin1', trusted[i], trusted[i + 1])}, ${forwardedFor}`;
  let text = `X-Forwarded-For: ${forwardedFor}\r\n`;
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
