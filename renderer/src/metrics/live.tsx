import type { Metrics } from '@shared/contract/metrics-values.ts';
import { type RefObject, useLayoutEffect, useRef } from 'react';
import { onFrame } from './frame-loop.ts';
import { metricsHistory } from './history.ts';

/**
 * Writes to an element after each sample, bypassing React. `write` must be cheap and touch only that element; it runs with
 * the latest props of the component, once at first with whatever is known.
 */
export function useLive<E extends Element>(
  write: (element: E, metrics: Metrics | undefined) => void,
): RefObject<E | null> {
  const element = useRef<E>(null);
  const latest = useRef(write);
  latest.current = write;
  useLayoutEffect(() => {
    const run = () => {
      if (element.current) latest.current(element.current, metricsHistory.latest);
    };
    run();
    return onFrame(run);
  }, []);
  return element;
}

export interface LiveTextProps {
  /** The text for a sample; undefined before the first. */
  read: (metrics: Metrics | undefined) => string;
  className?: string;
}

/** A text that follows the metrics without rendering. Its element keeps its size: give it room in the stylesheet. */
export function LiveText({ read, className }: LiveTextProps) {
  const shown = useRef<string | undefined>(undefined);
  const element = useLive<HTMLSpanElement>((span, metrics) => {
    const text = read(metrics);
    if (text === shown.current) return;
    shown.current = text;
    // The same text node each time: a new one would cost a layout object, and wake whoever watches the page's structure.
    if (span.firstChild) span.firstChild.nodeValue = text;
    else span.textContent = text;
  });
  return <span ref={element} className={className} />;
}
