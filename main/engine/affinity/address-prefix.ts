/**
 * The network that an address belongs to: its first bits, as `10.0.0.0/24` or `2001:db8:0:0/64`. An address of the full length stands as
 * it is, and so does what is no address.
 *
 * @param ipv4Bits 1 to 32
 * @param ipv6Bits 1 to 128
 */
export function addressPrefix(address: string, ipv4Bits: number, ipv6Bits: number): string {
  if (address.includes(':')) return ipv6Bits === 128 ? address : ipv6Prefix(address, ipv6Bits);
  return ipv4Bits === 32 ? address : ipv4Prefix(address, ipv4Bits);
}

function ipv4Prefix(address: string, bits: number): string {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return address;
  return `${masked(parts, 8, bits).join('.')}/${bits}`;
}

function ipv6Prefix(address: string, bits: number): string {
  // A zone (`fe80::1%eth0`) tells interfaces of this machine apart, not clients' networks.
  const [head, tail] = address.split('%')[0]!.split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail);
  const missing = 8 - left.length - right.length;
  const groups =
    tail === undefined ? left : [...left, ...new Array<number>(Math.max(0, missing)).fill(0), ...right];
  if (groups.length !== 8 || groups.some((group) => !(group >= 0 && group <= 0xffff))) return address;
  const shown = masked(groups, 16, bits).slice(0, Math.ceil(bits / 16));
  return `${shown.map((group) => group.toString(16)).join(':')}/${bits}`;
}

function groupsOf(text: string | undefined): number[] {
  if (text === undefined || text === '') return [];
  return text.split(':').map((group) => Number.parseInt(group, 16));
}

/** Its first bits, the others 0. @param width bits of each part */
function masked(parts: readonly number[], width: number, bits: number): number[] {
  return parts.map((part, index) => {
    const kept = Math.min(width, Math.max(0, bits - index * width));
    return part & ~(2 ** (width - kept) - 1);
  });
}
