import { resolveColour } from '../../ui/colour.ts';
import type { Band, BandState } from './bands.ts';
import { type Cluster, isSameCluster, type MarkerKind, markerKinds } from './markers.ts';

export const laneHeight = 24;
export const clientsHeight = 38;
export const rulerHeight = 20;

/** From time to pixels. */
export interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly width: number;
}
export const xOf = ({ fromMs, toMs, width }: Scale, atMs: number): number =>
  ((atMs - fromMs) / (toMs - fromMs)) * width;

/** Makes the canvas as sharp as the screen and empty; undefined where it has no room. */
export function prepare(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | undefined {
  const context = canvas.getContext('2d');
  if (!context || width <= 0) return undefined;
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Height and strength differ as well as colour: a band that is out is thin, a drained one hollow. */
const looks: Record<BandState, { colour: string; alpha: number; height: number; isHollow?: true }> = {
  serving: { colour: 'var(--good)', alpha: 0.55, height: 12 },
  warming: { colour: 'var(--warming)', alpha: 0.5, height: 12 },
  trial: { colour: 'light-dark(#dd9a1f, #f2b84b)', alpha: 0.8, height: 11, isHollow: true },
  failing: { colour: 'light-dark(#dd9a1f, #f2b84b)', alpha: 0.95, height: 12 },
  drained: { colour: 'var(--muted)', alpha: 0.9, height: 11, isHollow: true },
  out: { colour: 'var(--bad)', alpha: 0.45, height: 6 },
  unknown: { colour: 'var(--line-strong)', alpha: 0.5, height: 2 },
};

/**
 * @param middle of the lane, in pixels from the top
 * @param knownUntilMs no band reaches beyond it
 */
export function paintBands(
  context: CanvasRenderingContext2D,
  scale: Scale,
  bands: readonly Band[],
  middle: number,
  knownUntilMs: number,
): void {
  const endMs = Math.min(scale.toMs, knownUntilMs);
  const track = resolveColour('var(--line)');
  context.fillStyle = track;
  context.globalAlpha = 0.7;
  context.fillRect(0, middle - 0.5, scale.width, 1);
  for (const band of bands) {
    if (band.toMs < scale.fromMs || band.fromMs > endMs) continue;
    const left = Math.max(-4, xOf(scale, band.fromMs));
    const right = Math.min(scale.width + 4, xOf(scale, Math.min(band.toMs, endMs)));
    const { colour, alpha, height, isHollow } = looks[band.state];
    context.globalAlpha = alpha;
    // Even the shortest must be seen: a failing band lasts a few milliseconds sometimes.
    const width = Math.max(2.5, right - left - 1);
    context.beginPath();
    context.roundRect(left, middle - height / 2, width, height, Math.min(3, height / 2));
    if (isHollow) {
      context.strokeStyle = resolveColour(colour);
      context.lineWidth = 1.5;
      context.stroke();
      context.globalAlpha = 0.15;
    }
    context.fillStyle = resolveColour(colour);
    context.fill();
  }
  context.globalAlpha = 1;
}

export function paintClusters(
  context: CanvasRenderingContext2D,
  scale: Scale,
  clusters: readonly Cluster[],
  middleOf: (lane: string | null) => number | undefined,
  pointed: Cluster | undefined,
): void {
  const inOrder = [...clusters].sort(
    (a, b) => markerKinds.indexOf(a.kind) - markerKinds.indexOf(b.kind) || a.atMs - b.atMs,
  );
  let run: Run | undefined;
  for (const cluster of inOrder) {
    const middle = middleOf(cluster.lane);
    if (middle === undefined) continue;
    const x = xOf(scale, cluster.atMs);
    if (x < -10 || x > scale.width + 10) continue;
    if (cluster.kind === 'circuit') continue;
    if (cluster.kind !== 'failed') paintMark(context, { ...cluster, kind: cluster.kind }, x, middle);
    else if (run && run.middle === middle && x - run.toX < markWidth) run.toX = x;
    else {
      if (run) paintFailures(context, run);
      run = { fromX: x, toX: x, middle };
    }
  }
  if (run) paintFailures(context, run);
  for (const cluster of inOrder) {
    const middle = middleOf(cluster.lane);
    if (middle === undefined) continue;
    const x = xOf(scale, cluster.atMs);
    // Above the failures that made it open.
    if (cluster.kind === 'circuit') paintMark(context, { ...cluster, kind: cluster.kind }, x, middle);
    if (pointed && isSameCluster(pointed, cluster)) {
      context.strokeStyle = resolveColour('var(--focus)');
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(x, middle, 9.5, 0, Math.PI * 2);
      context.stroke();
    }
  }
}

/** Of a disc, with its edge. */
const markWidth = 15;

/** Failures of clients, one upon the other: discs in a heap could not be told apart, so they are one long mark. */
interface Run {
  readonly fromX: number;
  toX: number;
  readonly middle: number;
}

function paintFailures(context: CanvasRenderingContext2D, { fromX, toX, middle }: Run): void {
  const surface = resolveColour('var(--surface)');
  const radius = 6.5;
  context.beginPath();
  context.roundRect(fromX - radius, middle - radius, toX - fromX + radius * 2, radius * 2, radius);
  context.fillStyle = resolveColour('var(--bad)');
  context.fill();
  context.strokeStyle = surface;
  context.lineWidth = 1.5;
  context.stroke();
  // At its beginning, where it does not move while the run grows; in sight as long as something of the run is.
  const x = Math.min(Math.max(fromX, radius), toX);
  line(context, x, middle - 3, x, middle + 0.8, surface, 1.7);
  disc(context, x, middle + 3, 0.7, surface);
}

function paintMark(
  context: CanvasRenderingContext2D,
  { kind, count }: Pick<Cluster, 'count'> & { readonly kind: Exclude<MarkerKind, 'failed'> },
  x: number,
  y: number,
): void {
  const surface = resolveColour('var(--surface)');
  switch (kind) {
    case 'probe':
      disc(context, x, y, 2.8, undefined, resolveColour('var(--bad)'), 1.4);
      return;
    case 'attempt':
      line(context, x, y + 6.5, x, y + 11, resolveColour('var(--bad)'), count > 1 ? 2.5 : 1.5);
      return;
    case 'retry':
      line(context, x, y - 10, x, y + 10, resolveColour('var(--accent)'), count > 1 ? 2.5 : 1.5);
      return;
    case 'move': {
      const size = 4.2;
      path(context, [x, y - size, x + size, y, x, y + size, x - size, y]);
      fillAndEdge(context, resolveColour('var(--text)'), surface);
      return;
    }
    case 'return':
      disc(context, x, y, 6, surface, resolveColour('var(--good)'), 1.6);
      polyline(
        context,
        [x - 2.6, y + 0.2, x - 0.7, y + 2.1, x + 2.7, y - 2],
        resolveColour('var(--good)'),
        1.5,
      );
      return;
    case 'eject':
      disc(context, x, y, 6.5, resolveColour('var(--warn)'), surface, 1.5);
      path(context, [x, y - 3.4, x + 3, y + 0.4, x - 3, y + 0.4]);
      context.fillStyle = surface;
      context.fill();
      line(context, x - 2.6, y + 2.6, x + 2.6, y + 2.6, surface, 1.4);
      return;
    case 'start':
      disc(context, x, y, 6.5, resolveColour('var(--good)'), surface, 1.5);
      path(context, [x - 1.8, y - 3, x + 2.9, y, x - 1.8, y + 3]);
      context.fillStyle = surface;
      context.fill();
      return;
    case 'exit':
      disc(context, x, y, 6.5, resolveColour('var(--bad)'), surface, 1.5);
      line(context, x - 2.4, y - 2.4, x + 2.4, y + 2.4, surface, 1.6);
      line(context, x + 2.4, y - 2.4, x - 2.4, y + 2.4, surface, 1.6);
      return;
    case 'circuit':
      disc(context, x, y, 6.5, resolveColour('var(--warn)'), surface, 1.5);
      line(context, x - 3, y, x - 0.6, y, surface, 1.6);
      line(context, x + 0.6, y - 2.4, x + 2.8, y, surface, 1.6);
      return;
  }
}

function disc(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  fill: string | undefined,
  edge?: string,
  edgeWidth = 1,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, Math.PI * 2);
  if (fill !== undefined) {
    context.fillStyle = fill;
    context.fill();
  }
  if (edge === undefined) return;
  context.strokeStyle = edge;
  context.lineWidth = edgeWidth;
  context.stroke();
}

function line(
  context: CanvasRenderingContext2D,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
  colour: string,
  width: number,
): void {
  polyline(context, [fromX, fromY, toX, toY], colour, width);
}

function polyline(
  context: CanvasRenderingContext2D,
  points: readonly number[],
  colour: string,
  width: number,
): void {
  trace(context, points);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineCap = 'round';
  context.stroke();
}

function path(context: CanvasRenderingContext2D, points: readonly number[]): void {
  trace(context, points);
  context.closePath();
}

function trace(context: CanvasRenderingContext2D, points: readonly number[]): void {
  context.beginPath();
  for (let index = 0; index < points.length; index += 2) {
    if (index === 0) context.moveTo(points[0]!, points[1]!);
    else context.lineTo(points[index]!, points[index + 1]!);
  }
}

function fillAndEdge(context: CanvasRenderingContext2D, fill: string, edge: string): void {
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 1.2;
  context.stroke();
}
