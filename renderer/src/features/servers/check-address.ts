import { formatAddress, isLoopback, parseAddress } from '@shared/config/address.ts';
import type { ServerRecord } from '../../store/config.ts';

export interface AddressCheck {
  /** The address as it will be sent; undefined while it is none. */
  readonly text: string | undefined;
  readonly note: string | undefined;
  readonly tone: 'plain' | 'bad';
}

/** Live validation: silent while nothing wrong is said, and never scolding a half-written address. */
export function checkAddress(
  text: string,
  members: readonly Pick<ServerRecord, 'address' | 'name'>[],
): AddressCheck {
  const trimmed = text.trim();
  if (trimmed === '') return { text: undefined, note: 'host:port, where the server listens', tone: 'plain' };
  // Most people have a port in mind: it means this machine.
  const whole = /^:?\d{1,5}$/.test(trimmed) ? `127.0.0.1:${trimmed.replace(':', '')}` : trimmed;
  const parsed = parseAddress(whole);
  if (!parsed || parsed.port === 0) {
    const isHalf = !/:\d+$/.test(whole) && /^[\w.[\]:-]+$/.test(whole);
    if (isHalf) return { text: undefined, note: 'then a colon and the port: 127.0.0.1:3001', tone: 'plain' };
    return {
      text: undefined,
      note: `"${trimmed}" is no address; write host:port, e.g. 127.0.0.1:3001`,
      tone: 'bad',
    };
  }
  const normal = formatAddress(parsed);
  const twin = members.find((member) => member.address === normal);
  if (twin)
    return {
      text: undefined,
      note: `${twin.name} has this address; give it more weight instead`,
      tone: 'bad',
    };
  if (!isLoopback(parsed.host)) return { text: normal, note: `${normal} is another machine`, tone: 'plain' };
  return { text: normal, note: whole === trimmed ? undefined : normal, tone: 'plain' };
}
