import { useEffect, useRef } from 'react';

type Draw = (nowMs: number) => void;

const onChange = new Set<Draw>();
const always = new Set<Draw>();
let dirty = false;
let requested = false;

/**
 * The one animation-frame loop of the interface. `draw` runs in the frame after something was measured (or `invalidate` was
 * called); with `continuous`, in every frame while the page is visible. Drawing writes to the page or a canvas directly.
 */
export function onFrame(draw: Draw, { continuous = false } = {}): () => void {
  const set = continuous ? always : onChange;
  set.add(draw);
  dirty = true;
  request();
  return () => set.delete(draw);
}

/** Something to draw has changed. */
export function invalidate(): void {
  dirty = true;
  request();
}

function request(): void {
  if (requested || (!dirty && always.size === 0)) return;
  requested = true;
  requestAnimationFrame(frame);
}

function frame(nowMs: number): void {
  requested = false;
  for (const draw of always) draw(nowMs);
  if (dirty) {
    dirty = false;
    for (const draw of onChange) draw(nowMs);
  }
  request();
}

/** `onFrame` for a component: draws with its latest props, from its first frame to its last. */
export function useOnFrame(draw: Draw, options: { continuous?: boolean } = {}): void {
  const latest = useRef(draw);
  latest.current = draw;
  const { continuous = false } = options;
  useEffect(() => onFrame((nowMs) => latest.current(nowMs), { continuous }), [continuous]);
}
