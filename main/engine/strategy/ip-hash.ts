import { hashText } from './hash.ts';
import { networkOf } from './ip-network.ts';
import { onlyOne } from './reasoning-words.ts';
import { pickHighest } from './rendezvous.ts';
import type { Strategy, StrategyOptions, StrategyReasoning } from './strategy.ts';

/**
 * The client's address decides, by weighted rendezvous hashing: the whole of it (nginx's `ip_hash` looks at the first three numbers of
 * an IPv4 address only), or of an IPv6 address as many leading bits as the file says.
 */
export function ipHash({ ipv6Prefix }: Extract<StrategyOptions, { kind: 'ip-hash' }>): Strategy {
  return {
    kind: 'ip-hash',
    pickedBy: 'ip-hash',
    pick: (candidates, { clientAddress }) =>
      pickHighest(candidates, hashText(networkOf(clientAddress, ipv6Prefix))),
  };
}

export const ipHashReasoning: StrategyReasoning = {
  detail: ({ seen }) => `score ${seen.toPrecision(3)}`,
  because(picked, others) {
    if (others.length === 0) return onlyOne;
    return `which has the highest score for this client's address (${picked.seen.toPrecision(3)})`;
  },
};
