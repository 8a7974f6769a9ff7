import { useEffect, useRef } from 'react';
import { invalidate, useOnFrame } from './frame-loop.ts';
import { metricsHistory } from './history.ts';
import type { Ring } from './ring.ts';

/** Samples between two drawings of one line: a second moves it by two pixels. Lines take turns, so that no frame draws them all. */
const turns = 4;
let lines = 0;

export interface SparklineProps {
  /** What to draw, oldest at the left; read anew at each frame that has something new. */
  ring: () => Ring;
  /** The value at the upper edge; common to neighbours, so that their heights compare. */
  peak: () => number;
  className?: string;
  /** In pixels; as the stylesheet says when left out. */
  width?: number;
  height?: number;
}

/**
 * The last minute as a line over a pale area, in the element's `color`; as large as the stylesheet makes it. Decorative: its numbers
 * stand beside it as text.
 */
export function Sparkline({ ring, peak, className, width, height }: SparklineProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  // Asked of the layout only when it changes: reading it in each frame would force one.
  const size = useRef({ width: 0, height: 0 });
  const turn = useRef(-1);
  if (turn.current === -1) turn.current = lines++ % turns;
  const isDue = useRef(true);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      size.current = { width, height };
      isDue.current = true;
      invalidate();
    });
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);
  useOnFrame(() => {
    const { current: drawn } = size;
    if (metricsHistory.samples % turns !== turn.current && !isDue.current) return;
    isDue.current = false;
    if (canvas.current && drawn.width > 0)
      drawLine(canvas.current, ring(), peak(), drawn.width, drawn.height);
  });
  return <canvas ref={canvas} className={className} style={{ width, height }} />;
}

function drawLine(canvas: HTMLCanvasElement, ring: Ring, peak: number, width: number, height: number): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const ratio = window.devicePixelRatio || 1;
  const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (ring.length < 2) return;
  const bottom = height - 1.5;
  const scale = peak > 0 ? (height - 5) / (peak * 1.12) : 0;
  const step = width / (ring.capacity - 1);
  const left = width - step * (ring.length - 1);
  // A point every two pixels is all the eye gets: about a second each.
  const stride = Math.max(1, Math.round(2 / step));
  context.beginPath();
  let started = false;
  for (let index = (ring.length - 1) % stride; index < ring.length; index += stride) {
    let sum = 0;
    for (let back = 0; back < stride && index - back >= 0; back++) sum += ring.at(index - back) || 0;
    const x = left + index * step;
    const y = bottom - (sum / Math.min(stride, index + 1)) * scale;
    if (started) context.lineTo(x, y);
    else context.moveTo(x, y);
    started = true;
  }
  context.strokeStyle = getComputedStyle(canvas).color;
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  context.stroke();
  context.lineTo(width, height);
  context.lineTo(left, height);
  context.closePath();
  context.globalAlpha = 0.13;
  context.fillStyle = context.strokeStyle;
  context.fill();
  context.globalAlpha = 1;
}
