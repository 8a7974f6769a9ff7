import { clockText } from '@shared/lib/moment.ts';
import { formatMs } from '../../metrics/format.ts';
import type { ClientSeries } from '../../metrics/history.ts';
import { resolveColour } from '../../ui/colour.ts';
import { clientsHeight, rulerHeight, type Scale, xOf } from './paint.ts';
import { ticks } from './span.ts';

/** Samples further apart than this are not joined: nothing was measured between. */
const gapMs = 1_500;
const stripHeight = 3;
const font = '10.5px Inter, system-ui, "Segoe UI", "DejaVu Sans", sans-serif';

/** What clients saw: the 99th percentile as a line, below it a strip that is red where requests failed. */
export function paintClients(context: CanvasRenderingContext2D, scale: Scale, clients: ClientSeries): void {
  const first = firstIndex(clients, scale.fromMs);
  const peak = peakWithin(clients, first, scale.toMs);
  const bottom = clientsHeight - stripHeight - 4;
  const y = (value: number): number => bottom - (value / (peak * 1.1)) * (bottom - 4);

  const accent = resolveColour('var(--accent)');
  for (const [from, to] of runs(clients, first, scale.toMs)) {
    context.beginPath();
    for (let index = from; index <= to; index++) {
      const x = xOf(scale, clients.atMs.at(index));
      if (index === from) context.moveTo(x, y(clients.p99.at(index)));
      else context.lineTo(x, y(clients.p99.at(index)));
    }
    context.strokeStyle = accent;
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.stroke();
    context.lineTo(xOf(scale, clients.atMs.at(to)), bottom);
    context.lineTo(xOf(scale, clients.atMs.at(from)), bottom);
    context.globalAlpha = 0.12;
    context.fillStyle = accent;
    context.fill();
    context.globalAlpha = 1;
  }
  paintSuccess(context, scale, clients, first);
}

/** What the top of the line stands for. Comes last: it is readable where line and marks run behind it. */
export function paintPeak(context: CanvasRenderingContext2D, scale: Scale, clients: ClientSeries): void {
  const peak = peakWithin(clients, firstIndex(clients, scale.fromMs), scale.toMs);
  if (!(peak > 0 && Number.isFinite(peak))) return;
  const text = `max ${formatMs(peak)} ms`;
  context.font = font;
  context.textBaseline = 'top';
  context.textAlign = 'left';
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeStyle = resolveColour('var(--surface)');
  context.strokeText(text, 2, 1);
  context.fillStyle = resolveColour('var(--faint)');
  context.fillText(text, 2, 1);
}

function paintSuccess(
  context: CanvasRenderingContext2D,
  scale: Scale,
  clients: ClientSeries,
  first: number,
): void {
  const [good, bad] = [resolveColour('var(--good)'), resolveColour('var(--bad)')];
  const top = clientsHeight - stripHeight - 1;
  let left = Number.NaN;
  let right = Number.NaN;
  let isWhole = true;
  const flush = (): void => {
    if (Number.isNaN(left)) return;
    context.globalAlpha = isWhole ? 0.55 : 1;
    context.fillStyle = isWhole ? good : bad;
    context.fillRect(left, top, right - left, stripHeight);
    left = Number.NaN;
  };
  for (let index = first; index < clients.atMs.length && clients.atMs.at(index) <= scale.toMs; index++) {
    const success = clients.success.at(index);
    const atMs = clients.atMs.at(index);
    const x = xOf(scale, atMs);
    // Neighbours that say the same are one piece: pieces that merely touch show their seams.
    if (Number.isNaN(success) || x > right + 0.5 || (success === 1) !== isWhole) flush();
    if (Number.isNaN(success)) continue;
    if (Number.isNaN(left)) {
      left = Math.max(0, x);
      isWhole = success === 1;
    }
    const nextMs = clients.atMs.at(index + 1);
    right = xOf(scale, Number.isNaN(nextMs) || nextMs - atMs > gapMs ? atMs + 250 : nextMs);
  }
  flush();
  context.globalAlpha = 1;
}

/** Pieces in which every sample was measured and none is missing between. */
function* runs(clients: ClientSeries, first: number, toMs: number): Generator<[number, number]> {
  let from = -1;
  let index = first;
  for (; index < clients.atMs.length && clients.atMs.at(index) <= toMs; index++) {
    const isBroken =
      Number.isNaN(clients.p99.at(index)) ||
      (from !== -1 && clients.atMs.at(index) - clients.atMs.at(index - 1) > gapMs);
    if (isBroken && from !== -1) {
      yield [from, index - 1];
      from = -1;
    }
    if (from === -1 && !Number.isNaN(clients.p99.at(index))) from = index;
  }
  if (from !== -1) yield [from, index - 1];
}

function peakWithin(clients: ClientSeries, first: number, toMs: number): number {
  let peak = 0;
  for (let index = first; index < clients.atMs.length && clients.atMs.at(index) <= toMs; index++)
    if (clients.p99.at(index) > peak) peak = clients.p99.at(index);
  return peak;
}

/** The last sample before the span: the line enters from the left edge. */
function firstIndex(clients: ClientSeries, fromMs: number): number {
  let low = 0;
  let high = clients.atMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (clients.atMs.at(middle) < fromMs) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** @param pointerMs the moment under the pointer, written in its place */
export function paintRuler(
  context: CanvasRenderingContext2D,
  scale: Scale,
  isLive: boolean,
  pointerMs: number | undefined,
): void {
  context.font = font;
  context.textBaseline = 'middle';
  context.fillStyle = resolveColour('var(--faint)');
  const middle = rulerHeight / 2 + 1;
  const end = isLive ? 'now' : clockText(scale.toMs);
  const endWidth = context.measureText(end).width;
  context.textAlign = 'right';
  context.fillText(end, scale.width, middle);
  const pointerX = pointerMs === undefined ? Number.NEGATIVE_INFINITY : xOf(scale, pointerMs);
  context.textAlign = 'center';
  for (const atMs of ticks(scale.fromMs, scale.toMs, scale.width)) {
    const x = xOf(scale, atMs);
    context.globalAlpha = 0.6;
    context.fillRect(Math.round(x), 0, 1, 3);
    context.globalAlpha = 1;
    const text = clockText(atMs);
    const half = context.measureText(text).width / 2;
    if (x + half > scale.width - endWidth - 10 || x - half < 0 || Math.abs(x - pointerX) < half * 2 + 8)
      continue;
    context.fillText(text, x, middle);
  }
  if (pointerMs === undefined) return;
  const text = clockText(pointerMs, true);
  const half = context.measureText(text).width / 2;
  context.fillStyle = resolveColour('var(--text)');
  context.fillText(text, Math.min(scale.width - half - endWidth - 10, Math.max(half, pointerX)), middle);
}
