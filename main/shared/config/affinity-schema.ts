import { z } from 'zod';
import { duration, inMs, whole } from './schema-parts.ts';

/** Sites of a cookie's `SameSite`, as they stand in ballast.yaml. */
export const sameSites = ['lax', 'strict', 'none'] as const;

/** A token (RFC 9110 section 5.6.2): what a field or a cookie may be called. */
const token = (example: string) =>
  z
    .string({ error: `a name; write e.g. ${example}` })
    .regex(
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/,
      `letters, digits and any of !#$%&'*+.^_\`|~-, without spaces, 100 at most; write e.g. ${example}`,
    );

const affinityTable = {
  ttl: duration('30m', 1_000).describe('How long a session lasts; counted as `expiry` says.'),
  expiry: z
    .enum(['sliding', 'fixed'], { error: 'write sliding or fixed' })
    .default('sliding')
    .describe('sliding: `ttl` counts from the last request; fixed: from the first, used or not.'),
  maxSessions: whole(1, 1_000_000)
    .default(10_000)
    .describe('Most sessions kept; the least recently used leaves first.'),
  onUnavailable: z
    .enum(['rebalance', 'reject'])
    .default('rebalance')
    .describe('What a client gets whose server is unavailable: another server, or 503.'),
};

/** What a cookie's `Path` and `Domain` may hold (RFC 6265 section 4.1.1): nothing that ends the attribute or the field. */
const attribute = /^[\x21\x23\x25-\x3a\x3c-\x5b\x5d-\x7e]{1,200}$/;

const cookie = z
  .strictObject({
    type: z.literal('cookie'),
    ...affinityTable,
    name: token('app_server')
      .optional()
      .describe(
        'Name of the cookie. When left out, one that every pool has for itself, since cookies ignore ports.',
      ),
    maxAge: z
      .boolean()
      .default(true)
      .describe('The cookie carries `ttl` as its Max-Age; false: it lasts until the browser is closed.'),
    path: z
      .string()
      .regex(attribute, {
        error: 'a path without spaces, quotes, "$", "\\\\" and ";"; write e.g. /app',
        // One sentence for one value.
        abort: true,
      })
      .regex(/^\//, 'a path starts with "/"; write e.g. /app')
      .default('/')
      .describe('Path below which clients send the cookie.'),
    domain: z
      .string()
      .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, 'a host name; write e.g. example.test')
      .optional()
      .describe('Domain whose hosts get the cookie, subdomains too; only the host itself when left out.'),
    sameSite: z
      .enum(sameSites, { error: 'write lax, strict or none' })
      .default('lax')
      .describe('Whether other sites\u2019 requests carry the cookie; none needs `secure: true`.'),
    secure: z
      .boolean()
      .default(false)
      .describe('Send the cookie over TLS only, which another proxy in front has to speak.'),
    httpOnly: z.boolean().default(true).describe('Keep the cookie from scripts in the page.'),
  })
  .superRefine(({ name, path, domain, sameSite, secure }, context) => {
    const refuse = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (sameSite === 'none' && !secure)
      refuse(
        'sameSite',
        'browsers drop a cookie with SameSite=None that is not Secure; add secure: true, or write sameSite: lax',
      );
    const isHostOnly = name?.startsWith('__Host-') ?? false;
    if ((isHostOnly || name?.startsWith('__Secure-')) && !secure)
      refuse(
        'name',
        'browsers drop a cookie of that name that is not Secure; add secure: true, or choose another name',
      );
    else if (isHostOnly && (path !== '/' || domain !== undefined))
      refuse(
        'name',
        'browsers drop a __Host- cookie with a domain or a path other than /; leave both out, or choose another name',
      );
  })
  .transform(inMs('ttl'));

const appCookie = z
  .strictObject({
    type: z.literal('app-cookie'),
    ...affinityTable,
    name: token('JSESSIONID').describe(
      'Cookie of the application: a client is bound when a response sets it, to the server that set it.',
    ),
  })
  .transform(inMs('ttl'));

const header = z
  .strictObject({
    type: z.literal('header'),
    ...affinityTable,
    header: token('x-session')
      .transform((text) => text.toLowerCase())
      .describe('Request field whose value tells clients apart; a request without it is balanced by itself.'),
  })
  .transform(inMs('ttl'));

const clientIp = z
  .strictObject({
    type: z.literal('client-ip'),
    ...affinityTable,
    ipv4Prefix: whole(1, 32)
      .default(32)
      .describe('Leading bits of an IPv4 address that make a client: 24 takes neighbours for one.'),
    ipv6Prefix: whole(1, 128)
      .default(128)
      .describe(
        'The same of an IPv6 address: 64 takes all addresses of one network for one client, however often they change.',
      ),
  })
  .transform(inMs('ttl'));

/** The rule that binds a client to a server. */
export const affinitySchema = z.discriminatedUnion(
  'type',
  [cookie, appCookie, header, clientIp, z.strictObject({ type: z.literal('none') })],
  { error: 'write type: cookie, app-cookie, header, client-ip or none' },
);
