import { describe, expect, it } from 'vitest';
import { WeightedDraw } from '../../../main/engine/strategy/weighted-draw.ts';
import { candidatesNamed } from '../../support/strategy-kit.ts';

describe('the second of two draws', () => {
  it('is another one also where the rounding of sums leads back to the first', () => {
    // 5.2 - (5.2 - 0.2) is a little more than 0.2: the highest draw is beyond the two small stretches.
    const draws = [0.5, 1 - 2 ** -53];
    const draw = new WeightedDraw(() => draws.shift()!);
    const candidates = candidatesNamed({ a: 0.1, b: 0.1, c: 5 });
    const first = draw.one(candidates);
    expect(first).toBe(2);
    expect(draw.another(candidates, first)).toBe(1);
  });
});
