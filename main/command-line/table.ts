import { momentText } from '@shared/lib/moment.ts';

export interface Column<T> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** The least width: what is told line by line cannot know what follows. */
  readonly least?: number;
  text(row: T): string;
  /** Applied after aligning, so that colour does not count as width. */
  paint?(row: T, padded: string): string;
}

/** Lines of an aligned table with its header; nothing wraps, the terminal may cut. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string[] {
  return tableWithin(rows, columns, []);
}

/** Tells one table in parts, which come as it goes: what was wide once stays wide. Without the header. */
export function growingTable<T>(columns: readonly Column<T>[]): (rows: readonly T[]) => string[] {
  const widths: number[] = [];
  return (rows) => tableWithin(rows, columns, widths).slice(1);
}

/** @param before widths so far; takes in the new ones */
function tableWithin<T>(rows: readonly T[], columns: readonly Column<T>[], before: number[]): string[] {
  const cells = rows.map((row) => columns.map((column) => column.text(row)));
  const widths = columns.map((column, index) =>
    Math.max(
      column.title.length,
      column.least ?? 0,
      before[index] ?? 0,
      ...cells.map((line) => line[index]!.length),
    ),
  );
  before.splice(0, before.length, ...widths);
  const pad = (text: string, index: number): string =>
    columns[index]!.align === 'right' ? text.padStart(widths[index]!) : text.padEnd(widths[index]!);
  const header = columns.map(({ title }, index) => pad(title, index)).join('  ');
  const lines = cells.map((line, at) =>
    line
      .map((text, index) => {
        const padded = pad(text, index);
        return columns[index]!.paint?.(rows[at]!, padded) ?? padded;
      })
      .join('  '),
  );
  return [header, ...lines].map((line) => line.trimEnd());
}

/** `14:03:07.250`, in the time zone of the person; with its date where that is not today's. */
export function clockTime(atMs: number, nowMs: number = Date.now()): string {
  return momentText(atMs, nowMs, true);
}

/** `0.42 ms`, `12 ms`, `1.4 s`; a dash where nothing was measured. */
export function milliseconds(ms: number | null): string {
  if (ms === null) return '-';
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(2)} ms`;
}

export function percent(ratio: number | null): string {
  if (ratio === null) return '-';
  // 99.96 % must not read as 100 %: that would hide the one that failed.
  const tenths = ratio < 1 ? Math.min(Math.floor(ratio * 1_000) / 10, 99.9) : 100;
  return `${Number.isInteger(tenths) ? tenths : tenths.toFixed(1)} %`;
}

export function rate(perSecond: number): string {
  return perSecond >= 100 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}
