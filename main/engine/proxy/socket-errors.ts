const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  EADDRNOTAVAIL: 'no local port left for a connection',
  EMFILE: 'no file descriptor left for a connection; raise the limit with ulimit -n',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name does not resolve just now',
};

/** What happened to a socket, for a person. */
export function socketErrorText(error: NodeJS.ErrnoException): string {
  const code = error.code ?? '';
  return (Object.hasOwn(words, code) ? words[code] : undefined) ?? (code !== '' ? code : error.message);
}
