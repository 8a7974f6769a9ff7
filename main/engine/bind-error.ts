import { type Address, formatAddress } from '@shared/config/address.ts';

/** A listener could not be bound; nothing was changed. */
export class BindError extends Error {
  override readonly name = 'BindError';
  /** Node's code of the cause, e.g. `EADDRINUSE`, `EACCES`. */
  readonly code: string;
  readonly listener: string;
  readonly address: string;
  readonly bind: Address;

  constructor(listener: string, bind: Address, cause: unknown) {
    const code = codeOf(cause);
    const address = formatAddress(bind);
    super(`listener "${listener}" cannot bind ${address}: ${explain(code, cause)}`, { cause });
    this.code = code;
    this.listener = listener;
    this.address = address;
    this.bind = bind;
  }
}

function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'UNKNOWN';
}

function explain(code: string, cause: unknown): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is in use (EADDRINUSE); choose another port or end what holds it';
    case 'EACCES':
      return 'the system does not allow it (EACCES); choose a port above 1023';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address (EADDRNOTAVAIL); write e.g. 127.0.0.1';
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
