import { momentText } from '@shared/lib/moment.ts';

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
export const none = '–';

/** A count: `4,098`. */
export function formatCount(value: number): string {
  const whole = Math.round(value);
  return whole < 1_000 && whole >= 0 ? String(whole) : grouped.format(whole);
}

/** Requests in flight, of as many as there may be: `12/20`. @param most 0 for no limit */
export function formatActive(active: number, most: number): string {
  return most === 0 ? formatCount(active) : `${formatCount(active)}/${formatCount(most)}`;
}

/** A rate per second: one digit after the point below 10, `–` where it was not measured. */
export function formatRate(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return none;
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : formatCount(value);
}

/** Milliseconds without their unit: one digit after the point below 10. */
export function formatMs(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return none;
  if (value < 0.1) return value.toFixed(2);
  return value < 10 ? value.toFixed(1) : formatCount(value);
}

/** A share of 0 to 1 as `49.8 %`. */
export function formatShare(value: number | null | undefined): string {
  return value === null || value === undefined ? none : `${(value * 100).toFixed(1)} %`;
}

/**
 * A success ratio. Never rounded up to 100: one lost request among a million is told as `99.99 %`.
 */
export function formatSuccess(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined) return none;
  if (ratio === 1) return '100.00 %';
  return `${(Math.floor(ratio * 10_000) / 100).toFixed(2)} %`;
}

/** A moment, to the millisecond where wanted: `14:02:11.204`; with its date where that is not today's. */
export function formatTime(atMs: number, withMs = false): string {
  return momentText(atMs, Date.now(), withMs);
}

/** `1 request`, `3 requests`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped.format(count)} ${count === 1 ? one : many}`;
}

/** A span of time: `8 s`, `4 min 12 s`, `1 h 3 min`, `2 d 4 h`. Nothing is below zero. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
