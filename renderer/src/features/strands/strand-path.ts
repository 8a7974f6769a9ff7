/** One strand: a curve from a listener to a server, as wide as the rate it carries. */
export interface StrandSource {
  readonly key: string;
  readonly rate: number;
}

export interface LaidStrand {
  readonly key: string;
  readonly width: number;
  /** Offset of its middle from the middle of the origin, so that strands leave side by side. */
  readonly offset: number;
}

/** Widest the strands of one listener may be together, in pixels: they must fit its card. */
const bundleLimit = 40;

/** Grows with the square root of the rate: 1 a second is a thread, thousands are a rope, and both can be seen. */
export function strandWidth(ratePerSecond: number): number {
  if (!(ratePerSecond > 0)) return 1.25;
  return 1.5 + Math.min(10, Math.sqrt(ratePerSecond) * 0.2);
}

/** Lays strands side by side at their common origin, in the given order; narrower where they would not fit. */
export function layStrands(strands: readonly StrandSource[]): readonly LaidStrand[] {
  const widths = strands.map(({ rate }) => strandWidth(rate));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const squeeze = total > bundleLimit ? bundleLimit / total : 1;
  let top = (-total * squeeze) / 2;
  return strands.map(({ key }, index) => {
    const room = widths[index]! * squeeze;
    const offset = top + room / 2;
    top += room;
    return { key, width: widths[index]!, offset };
  });
}

/** An S curve that leaves and arrives level. */
export function strandPath(x1: number, y1: number, x2: number, y2: number): string {
  const bend = Math.max(24, (x2 - x1) * 0.55);
  const n = (value: number) => value.toFixed(1);
  return `M${n(x1)} ${n(y1)}C${n(x1 + bend)} ${n(y1)} ${n(x2 - bend)} ${n(y2)} ${n(x2)} ${n(y2)}`;
}
