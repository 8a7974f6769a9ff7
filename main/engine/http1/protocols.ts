/**
 * Whether a server may switch to what it says (RFC 9110 section 7.8): only to what the request offered. A list is protocols on
 * top of each other, each of which must have been.
 *
 * @param switched, offered values of Upgrade
 */
export function isOffered(switched: string, offered: string): boolean {
  const offers = protocolsOf(offered);
  const switches = protocolsOf(switched);
  return switches.length > 0 && switches.every((each) => offers.includes(each));
}

/** Names and versions, in lower case: those of a protocol are told apart by nothing else. */
function protocolsOf(list: string): string[] {
  return list
    .toLowerCase()
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
