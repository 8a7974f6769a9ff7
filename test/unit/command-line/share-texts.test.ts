import { describe, expect, it } from 'vitest';
import { shareTexts } from '../../../main/command-line/share-texts.ts';

describe('shares of a run', () => {
  it('are rounded, and add up to 100.0 %', () => {
    expect(shareTexts([2 / 3, 1 / 3])).toEqual(['66.7 %', '33.3 %']);
    expect(shareTexts([1 / 3, 1 / 3, 1 / 3])).toEqual(['33.4 %', '33.3 %', '33.3 %']);
    expect(shareTexts([0.5, 0.5])).toEqual(['50.0 %', '50.0 %']);
    const sevenths = shareTexts(Array.from({ length: 7 }, () => 1 / 7));
    expect(sevenths.reduce((sum, text) => sum + Number.parseFloat(text) * 10, 0)).toBeCloseTo(1_000, 6);
    expect(shareTexts([0.9996, 0.0004, 0])).toEqual(['100.0 %', '0.0 %', '0.0 %']);
  });

  it('are a dash where nothing was answered', () => {
    expect(shareTexts([null, null])).toEqual(['-', '-']);
  });
});
