import { create } from 'zustand';
import type { EventGroup } from './event-filter.ts';
import { defaultSpanMs, type SpanMs, zoom } from './span.ts';

interface TimelineView {
  readonly spanMs: SpanMs;
  /** The ruler's right edge while it stands still; null while it follows the present. */
  readonly heldAtMs: number | null;
  readonly listOpen: boolean;
  readonly listServer: string | undefined;
  readonly listGroup: EventGroup | undefined;
}

/** How the timeline is looked at; it survives being closed. */
export const useTimelineView = create<TimelineView>(() => ({
  spanMs: defaultSpanMs,
  heldAtMs: null,
  listOpen: false,
  listServer: undefined,
  listGroup: undefined,
}));

export function zoomTimeline(direction: 'in' | 'out'): void {
  useTimelineView.setState(({ spanMs }) => ({ spanMs: zoom(spanMs, direction) }));
}

export function holdTimeline(isHeld: boolean): void {
  useTimelineView.setState(({ heldAtMs }) => ({ heldAtMs: isHeld ? (heldAtMs ?? Date.now()) : null }));
}

/** Moves the ruler in time, never into the future; there it follows the present again. */
export function moveTimeline(byMs: number): void {
  useTimelineView.setState(({ heldAtMs }) => {
    const to = (heldAtMs ?? Date.now()) + byMs;
    return { heldAtMs: to >= Date.now() ? null : to };
  });
}
