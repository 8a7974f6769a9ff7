/** A TCP address to connect to or to listen on. `host` is bare: IPv6 without its brackets. */
export interface Address {
  readonly host: string;
  /** 1 to 65535; 0 only for a listener, where it means any free port. */
  readonly port: number;
}

const addressForm = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)):(\d{1,5})$/;

/** Reads `host:port`, `127.0.0.1:3001` or `[::1]:3001`; undefined where the text is no address. */
export function parseAddress(text: string): Address | undefined {
  const match = addressForm.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  const host = match[1] ?? match[2]!;
  if (match[1] !== undefined && !isIpv6(match[1])) return undefined;
  if (/^[\d.]+$/.test(host) && !isIpv4(host)) return undefined;
  return { host, port };
}

/** Writes an address the way it is read: IPv6 in brackets. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** True for the loopback range of IPv4, `::1` and the name `localhost`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIpv4(host) && host.startsWith('127.'));
}

/** Whether a host is an address already, and no name that has to be looked up. */
export function isIpAddress(host: string): boolean {
  return isIpv4(host) || isIpv6(host);
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  if (text.includes('.')) {
    const last = text.lastIndexOf(':');
    return isIpv4(text.slice(last + 1)) && isIpv6(`${text.slice(0, last + 1)}0:0`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}
