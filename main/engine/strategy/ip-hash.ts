import { hashText } from './hash.ts';
import { networkOf } from './ip-network.ts';
import { onlyOne } from './reasoning-words.ts';
import { pickHighest } from './rendezvous.ts';
import type { Strategy, StrategyOptions, StrategyReasoning } from './strategy.ts';

/** Addresses whose hash is kept; then it is begun anew. */
const mostKnown = 1_024;

/**
 * The client's address decides, by weighted rendezvous hashing: the whole of it (nginx's `ip_hash` looks at the first three numbers of
 * an IPv4 address only), or of an IPv6 address as many leading bits as the file says.
 */
export function ipHash({ ipv6Prefix }: Extract<StrategyOptions, { kind: 'ip-hash' }>): Strategy {
  /** Of IPv6 clients: to cut an address into its groups takes ten objects, and the same clients come again. */
  const known = new Map<string, number>();
  const hashOf = (address: string): number => {
    if (ipv6Prefix === 128 || !address.includes(':')) return hashText(address);
    let hash = known.get(address);
    if (hash === undefined) {
      hash = hashText(networkOf(address, ipv6Prefix));
      if (known.size >= mostKnown) known.clear();
      known.set(address, hash);
    }
    return hash;
  };
  return {
    kind: 'ip-hash',
    pickedBy: 'ip-hash',
    pick: (candidates, { clientAddress }) => pickHighest(candidates, hashOf(clientAddress)),
  };
}

export const ipHashReasoning: StrategyReasoning = {
  detail: ({ seen }) => `score ${seen.toPrecision(3)}`,
  because(picked, others) {
    if (others.length === 0) return onlyOne;
    return `which has the highest score for this client's address (${picked.seen.toPrecision(3)})`;
  },
};
