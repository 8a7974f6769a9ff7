const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof unitMs;

/**
 * Reads a duration written as text: a number and a unit (`250ms`, `2s`, `1.5m`, `1h`, `7d`).
 * Returns milliseconds, rounded to a whole number, or undefined where the text is no duration. A bare number is none:
 * nobody can tell whether `30` means seconds or milliseconds.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  const ms = Math.round(Number(match[1]) * unitMs[match[2] as Unit]);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** Writes milliseconds in the largest unit that stays whole: 2000 as `2s`, 90000 as `90s`, 1800000 as `30m`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms !== 0 && ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`;
  }
  return `${ms}ms`;
}
