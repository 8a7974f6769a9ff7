import { describe, expect, it } from 'vitest';
import { rowAfterKey, scrollToShow, visibleRows } from '../../../renderer/src/ui/visible-rows.ts';

describe('the rows of a long list', () => {
  it('exist only in sight and a little around it, however long the list is', () => {
    for (const rowCount of [0, 1, 10, 2_000, 1_000_000]) {
      for (const scrollTop of [0, 1, 5_000, rowCount * 30]) {
        const { first, end } = visibleRows(scrollTop, 600, 30, rowCount);
        expect(end - first).toBeLessThanOrEqual(20 + 13);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(rowCount);
        expect(end).toBeGreaterThanOrEqual(Math.min(first, rowCount));
      }
    }
    expect(visibleRows(3_000, 600, 30, 2_000)).toEqual({ first: 94, end: 126 });
  });

  it('are scrolled to only where they are not wholly in sight', () => {
    expect(scrollToShow(5, 0, 600, 30)).toBe(0);
    expect(scrollToShow(20, 0, 600, 30)).toBe(30);
    expect(scrollToShow(2, 300, 600, 30)).toBe(60);
  });

  it('are walked by the arrow, page and end keys, never beyond either end', () => {
    expect(rowAfterKey('ArrowDown', -1, 10, 5)).toBe(0);
    expect(rowAfterKey('ArrowUp', -1, 10, 5)).toBe(0);
    expect(rowAfterKey('ArrowDown', 9, 10, 5)).toBe(9);
    expect(rowAfterKey('PageDown', 2, 10, 5)).toBe(7);
    expect(rowAfterKey('PageUp', 2, 10, 5)).toBe(0);
    expect(rowAfterKey('Home', 7, 10, 5)).toBe(0);
    expect(rowAfterKey('End', 0, 10, 5)).toBe(9);
    expect(rowAfterKey('toString', 0, 10, 5)).toBeUndefined();
    expect(rowAfterKey('ArrowDown', 0, 0, 5)).toBeUndefined();
  });
});
