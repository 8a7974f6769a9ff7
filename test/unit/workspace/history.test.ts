import { describe, expect, it } from 'vitest';
import { createHistory } from '../../../main/workspace/history.ts';

describe('history', () => {
  it('goes back and forth', () => {
    const history = createHistory();
    expect([history.canUndo, history.canRedo, history.undo('a'), history.redo('a')]).toEqual([
      false,
      false,
      undefined,
      undefined,
    ]);
    history.record('a');
    history.record('b');
    expect(history.undo('c')).toBe('b');
    expect(history.undo('b')).toBe('a');
    expect([history.canUndo, history.canRedo]).toEqual([false, true]);
    expect(history.redo('a')).toBe('b');
    expect(history.redo('b')).toBe('c');
    expect(history.canRedo).toBe(false);
  });

  it('forgets what was undone once something new is done', () => {
    const history = createHistory();
    history.record('a');
    history.undo('b');
    history.record('a');
    expect(history.canRedo).toBe(false);
  });

  it('is bounded', () => {
    const history = createHistory({ limit: 3 });
    for (let i = 0; i < 10; i++) history.record(String(i));
    let count = 0;
    for (let text: string | undefined = 'x'; history.canUndo; count++) text = history.undo(text ?? '');
    expect(count).toBe(3);
  });

  it('can be cleared', () => {
    const history = createHistory();
    history.record('a');
    history.clear();
    expect(history.canUndo).toBe(false);
  });
});
