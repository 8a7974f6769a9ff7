import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { placeWindow, readWindowState, writeWindowState } from '../../../main/desktop/window-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-window-'));
afterAll(() => rmSync(folder, { recursive: true }));

const screen = { x: 0, y: 0, width: 1920, height: 1080 };
const second = { x: 1920, y: 0, width: 1280, height: 1024 };
const at = (x: number, y: number, width: number, height: number) => ({
  bounds: { x, y, width, height },
  maximized: false,
});

describe('the window', () => {
  it('opens where it was', () => {
    expect(placeWindow(at(100, 50, 1200, 800), [screen])).toEqual({
      x: 100,
      y: 50,
      width: 1200,
      height: 800,
    });
    expect(placeWindow(at(2000, 10, 1100, 700), [screen, second])).toEqual({
      x: 2000,
      y: 10,
      width: 1100,
      height: 700,
    });
  });

  it('comes back to the first screen when its own is gone', () => {
    const placed = placeWindow(at(2000, 10, 1100, 700), [screen]);
    expect(placed).toEqual({ width: 1440, height: 900 });
  });

  it('stays at least large enough to be used, and no larger than its screen', () => {
    expect(placeWindow(at(0, 0, 200, 100), [screen])).toMatchObject({ width: 960, height: 600 });
    expect(placeWindow(at(0, 0, 5000, 5000), [screen])).toMatchObject({ width: 1920, height: 1080 });
    expect(placeWindow(undefined, [{ ...screen, width: 800, height: 500 }])).toEqual({
      width: 960,
      height: 600,
    });
    expect(placeWindow(undefined, [])).toEqual({ width: 1440, height: 900 });
  });

  it('remembers, and forgets what somebody broke', () => {
    const path = join(folder, 'deep', 'window.json');
    expect(readWindowState(path)).toBeUndefined();
    const state = { ...at(5, 6, 1000, 700), maximized: true };
    writeWindowState(path, state);
    expect(readWindowState(path)).toEqual(state);
    expect(existsSync(`${path}.new`)).toBe(false);
    writeFileSync(path, '{"bounds":{"x":1}}');
    expect(readWindowState(path)).toBeUndefined();
  });

  it('closes without complaint where nothing can be written', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => writeWindowState(join(folder, 'file', 'window.json'), at(0, 0, 1, 1))).not.toThrow();
  });
});
