const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  EADDRNOTAVAIL: 'no local port left for a connection',
  EMFILE: 'Ballast had no file descriptor left for a connection',
  ENFILE: 'the machine had no file descriptor left for a connection',
  ENOBUFS: 'the machine had no memory left for a connection',
  ENOMEM: 'the machine had no memory left for a connection',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name does not resolve just now',
};

/** What happened to a socket, for a person. */
export function socketErrorText(error: NodeJS.ErrnoException): string {
  const code = error.code ?? '';
  return (Object.hasOwn(words, code) ? words[code] : undefined) ?? (code !== '' ? code : error.message);
}
