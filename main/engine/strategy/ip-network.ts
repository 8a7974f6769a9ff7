/**
 * What tells an address's network: the address itself where it is IPv4 or the prefix is whole, otherwise its first `prefix` bits as
 * eight groups without leading zeros, `2001:db8:0:0:0:0:0:0/64`. IPv4 within IPv6 (`::ffff:10.0.0.1`) comes as IPv4: `ClientSocket` reads it so.
 *
 * @param address as a socket tells it: valid, an IPv6 one maybe with a zone
 * @param prefix 1 to 128
 */
export function networkOf(address: string, prefix: number): string {
  if (prefix === 128 || !address.includes(':') || address.includes('.')) return address;
  const zone = address.indexOf('%');
  const groups = groupsOf(zone === -1 ? address : address.slice(0, zone));
  let text = '';
  for (let index = 0; index < 8; index++) {
    const bits = Math.min(Math.max(prefix - index * 16, 0), 16);
    const mask = bits === 0 ? 0 : (0xffff << (16 - bits)) & 0xffff;
    text += `${index === 0 ? '' : ':'}${((groups[index] ?? 0) & mask).toString(16)}`;
  }
  return `${text}/${prefix}`;
}

function groupsOf(address: string): number[] {
  const gap = address.indexOf('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  if (gap === -1) return read(address);
  const before = read(address.slice(0, gap));
  const after = read(address.slice(gap + 2));
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}
