import { hashKeyWords } from '@shared/catalog/strategies.ts';
import { hashText } from './hash.ts';
import { keyReader } from './hash-key.ts';
import { figure, onlyOne } from './reasoning-words.ts';
import { pickBounded, pickHighest } from './rendezvous.ts';
import type { KeyHashReader, Strategy, StrategyOptions, StrategyReasoning } from './strategy.ts';

type HashOptions = Extract<StrategyOptions, { kind: 'hash' }>;

/**
 * The request's key decides, by weighted rendezvous hashing (`rendezvous.ts`), with bounded loads where that is asked for. Who has no
 * such key goes by another strategy: otherwise all of those would meet at one server.
 *
 * @param fallback made for `options.fallback`; the pool's notes are its own
 * @param keyHashOf in place of the key itself, where only its hash is known
 */
export function keyHash(
  { key, boundedLoad }: HashOptions,
  fallback: Strategy,
  keyHashOf?: KeyHashReader,
): Strategy {
  const keyOf = keyReader(key);
  let isFallenBack = false;
  let lastHash = 0;
  return {
    kind: 'hash',
    get pickedBy() {
      return isFallenBack ? fallback.pickedBy : 'hash';
    },
    get keyHash() {
      return lastHash;
    },
    pick(candidates, facts, now) {
      const hash = keyHashOf === undefined ? hashOrNull(keyOf(facts)) : keyHashOf(facts);
      isFallenBack = hash === null;
      if (hash === null) {
        // Scores of the request before would be taken for what the fallback saw.
        for (let index = 0; index < candidates.length; index++) candidates[index]!.seen = 0;
        return fallback.pick(candidates, facts, now);
      }
      // A small integer to V8, which a number of 32 bits without sign is not: kept without an object of its own.
      lastHash = hash | 0;
      return boundedLoad === undefined
        ? pickHighest(candidates, hash)
        : pickBounded(candidates, hash, boundedLoad);
    },
  };
}

function hashOrNull(key: string | null): number | null {
  return key === null ? null : hashText(key);
}

export const keyHashReasoning: StrategyReasoning = {
  detail: ({ seen }) => `score ${seen.toPrecision(3)}`,
  because(picked, others, options) {
    if (others.length === 0) return onlyOne;
    const { key, boundedLoad } = options as Partial<HashOptions>;
    const words =
      key === 'client-ip'
        ? "this client's address"
        : `this request's ${hashKeyWords(key ?? '').replace(/^the /, '')}`;
    const higher = others.filter(({ seen }) => seen > picked.seen);
    if (higher.length === 0 || boundedLoad === undefined)
      return `which has the highest score for ${words} (${picked.seen.toPrecision(3)})`;
    const skipped = higher
      .toSorted((left, right) => right.seen - left.seen)
      .map(({ name, activeRequests }) => `${name} with ${activeRequests}`);
    return `the next in the order of ${words}: passed by at their bound of ${figure(boundedLoad)} times their share of all in flight ${wereWords(skipped)}`;
  },
};

function wereWords(names: readonly string[]): string {
  return `${names.length === 1 ? 'was' : 'were'} ${names.join(', ')}`;
}

/** Why a request of a hashed pool went by another strategy. */
export function missingKeyWords({ key }: Pick<HashOptions, 'key'>): string {
  return `the request has no ${hashKeyWords(key).replace(/^the /, '')}`;
}
