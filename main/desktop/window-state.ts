import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Rectangle } from 'electron';
import { z } from 'zod';

/** Below this the topology no longer fits. Device-independent pixels. */
export const minimumSize = { width: 960, height: 600 };
const firstSize = { width: 1440, height: 900 };

const stateSchema = z.object({
  bounds: z.object({ x: z.int(), y: z.int(), width: z.int().positive(), height: z.int().positive() }),
  maximized: z.boolean(),
});
export type WindowState = z.infer<typeof stateSchema>;

/** The state of last time; undefined when there is none that can be read. */
export function readWindowState(path: string): WindowState | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined; // first start, or a file somebody broke: the default size is no loss
  }
}

/**
 * Whole or not at all, and at once: the app may be gone in the next moment. A window whose place cannot be remembered is no reason
 * to trouble anybody.
 */
export function writeWindowState(path: string, state: WindowState): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, JSON.stringify(state));
    renameSync(`${path}.new`, path);
  } catch {}
}

/** Where to open: as last time if that is still on a screen and large enough, else centred on the first one. */
export function placeWindow(
  remembered: WindowState | undefined,
  workAreas: readonly Rectangle[],
): Partial<Rectangle> & { width: number; height: number } {
  const bounds = remembered?.bounds;
  const area = bounds && workAreas.find((each) => isReachable(bounds, each));
  if (bounds && area) {
    const width = clamp(bounds.width, minimumSize.width, Math.max(area.width, minimumSize.width));
    const height = clamp(bounds.height, minimumSize.height, Math.max(area.height, minimumSize.height));
    return { x: bounds.x, y: bounds.y, width, height };
  }
  const first = workAreas[0];
  return {
    width: Math.max(minimumSize.width, Math.min(firstSize.width, first?.width ?? firstSize.width)),
    height: Math.max(minimumSize.height, Math.min(firstSize.height, first?.height ?? firstSize.height)),
  };
}

/** Enough of the title bar lies on that screen to take hold of it. */
function isReachable(bounds: Rectangle, area: Rectangle): boolean {
  const overlap = Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x);
  return overlap >= 120 && bounds.y >= area.y - 8 && bounds.y <= area.y + area.height - 40;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
