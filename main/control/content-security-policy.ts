/**
 * The same for HTTP and `app://`: everything from the interface's own origin, nothing inline but styles (React Aria adds
 * style elements of its own), and only its own control socket to talk to. `'self'` covers `ws:` of the same origin in every
 * browser of today, so no other socket need be allowed.
 */
export const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
