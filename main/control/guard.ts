import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { parseAddress } from '@shared/config/address.ts';

/** Where the control endpoint listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
}

/**
 * Whether a request's `Host` names this endpoint. A page of a foreign domain whose name was made to resolve to 127.0.0.1 (DNS
 * rebinding) sends that domain's name, so names are only those of this machine. Beyond loopback any literal address is
 * fine too: no name, no rebinding.
 */
export function hostAllowed(header: string | undefined, { host, port }: Listening): boolean {
  if (header === undefined) return false;
  const named = parseAddress(/:\d+$/.test(header) ? header : `${header}:80`);
  if (!named || named.port !== port) return false;
  const name = named.host.toLowerCase();
  if (name === '127.0.0.1' || name === 'localhost' || name === '::1' || name === host.toLowerCase())
    return true;
  return !isLoopbackName(host) && isIP(name) !== 0;
}

/**
 * Whether a page of this origin may speak. Programs that are no browser send none, and are held to the token alone. A
 * browser always sends it on an upgrade and on unsafe methods.
 * @param host the request's `Host`, found allowed before
 */
export function originAllowed(origin: string | undefined, host: string): boolean {
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

/** 256 random bits, for one run. */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Takes the same time whatever the guess: digests of equal length are compared, so not even the length shows. */
export function tokenMatches(guess: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(guess ?? ''), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
