import { createHmac, randomBytes } from 'node:crypto';
import type { AffinityConfig } from '@shared/config/schema.ts';
import { hashText } from '../strategy/hash.ts';

const idBytes = 15;
const signatureLength = 22;
const cookieValueForm = /^[\w-]{20}\.[\w-]{22}$/;

/**
 * Name of a pool's session cookie. Cookies ignore ports, so every pool of every service on this machine has its own:
 * `ballast_` and a short hash of the pool's name.
 */
export function cookieName(poolName: string): string {
  return `ballast_${hashText(poolName).toString(36)}`;
}

export interface CookieCodec {
  /** A new value: an id that nobody can guess and its signature. It says nothing about the server. */
  issue(): string;
  /** True for a value that was issued with this key: by this run of Ballast, or by one whose sessions it took over. */
  verify(value: string): boolean;
}

/** @param key secret; at least 32 random bytes */
export function createCookieCodec(key: Buffer): CookieCodec {
  const sign = (id: string): string =>
    createHmac('sha256', key).update(id).digest('base64url').slice(0, signatureLength);
  return {
    issue() {
      // From the system's generator and not the injected chance: a guessed id would be somebody else's session.
      const id = randomBytes(idBytes).toString('base64url');
      return `${id}.${sign(id)}`;
    },
    verify(value) {
      if (!cookieValueForm.test(value)) return false;
      const dot = value.indexOf('.');
      return sameText(value.slice(dot + 1), sign(value.slice(0, dot)));
    },
  };
}

/** In a time that does not depend on where they differ. Both have the same length. */
function sameText(left: string, right: string): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index++) {
    difference |= left.charCodeAt(index) ^ right.charCodeAt(index);
  }
  return difference === 0;
}

/** Value of the first cookie of that name in a Cookie field (RFC 6265 section 5.4); null where there is none. */
export function findCookie(field: string | null, name: string): string | null {
  if (field === null) return null;
  let from = 0;
  for (;;) {
    const at = field.indexOf(name, from);
    if (at === -1) return null;
    from = at + name.length;
    if (field.charCodeAt(from) !== 0x3d /* = */) continue;
    if (at !== 0 && !isSeparator(field.charCodeAt(at - 1))) continue;
    const end = field.indexOf(';', from);
    return field.slice(from + 1, end === -1 ? undefined : end).trim();
  }
}

function isSeparator(code: number): boolean {
  return code === 0x3b /* ; */ || code === 0x20;
}

const sameSiteWords = { lax: 'Lax', strict: 'Strict', none: 'None' } as const;

/** What follows name and value in a Set-Cookie field, from `; ` on (RFC 6265 section 4.1). `ttlMs` is rounded up to whole seconds. */
export function cookieAttributes(config: Extract<AffinityConfig, { type: 'cookie' }>): string {
  const { path, domain, sameSite, secure, httpOnly, maxAge, ttlMs } = config;
  return [
    `; Path=${path}`,
    ...(domain === undefined ? [] : [`; Domain=${domain}`]),
    ...(httpOnly ? ['; HttpOnly'] : []),
    ...(secure ? ['; Secure'] : []),
    `; SameSite=${sameSiteWords[sameSite]}`,
    ...(maxAge ? [`; Max-Age=${Math.ceil(ttlMs / 1_000)}`] : []),
  ].join('');
}
