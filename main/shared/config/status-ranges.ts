import { z } from 'zod';
import { whole } from './schema-parts.ts';

/** One status (503), a class (`5xx`) or a range (`502-504`, `4xx-5xx`), as the file writes it. */
export type StatusRange = number | string;

const form = /^(\d)(\d\d|xx)(?:-(\d)(\d\d|xx))?$/;

interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** The lowest and the highest status of a range; null for a word that is none. */
function boundsOf(range: StatusRange): Bounds | null {
  const found = form.exec(String(range));
  if (!found) return null;
  const [, first, rest, lastFirst = first, lastRest = rest] = found;
  const low = Number(`${first}${rest === 'xx' ? '00' : rest}`);
  return { low, high: Number(`${lastFirst}${lastRest === 'xx' ? '99' : lastRest}`) };
}

export function coversStatus(range: StatusRange, status: number): boolean {
  const bounds = boundsOf(range);
  return bounds !== null && bounds.low <= status && status <= bounds.high;
}

/**
 * A status, a class or a range of the file; `"503"` becomes 503, as YAML's quotes mean nothing here.
 *
 * @param least of the statuses that may be named
 * @param words what may be written, for a person
 * @param others words that may stand there instead
 */
export function statusRange(least: 100 | 400, words: string, others: readonly string[] = []) {
  const each = least === 100 ? '[1-5](?:xx|\\d\\d)' : '[45](?:xx|\\d\\d)';
  const text = z.string().regex(new RegExp(`^${each}(?:-${each})?$`), words);
  return z
    .union([whole(least, 599), text, ...(others.length > 0 ? [z.enum(others)] : [])], { error: words })
    .superRefine((range, context) => {
      const bounds = boundsOf(range);
      if (bounds === null || bounds.low <= bounds.high) return;
      const [from, to] = String(range).split('-');
      context.addIssue({
        code: 'custom',
        message: `the range ${from}-${to} ends before it begins; write ${to}-${from}`,
      });
    })
    .transform((range): StatusRange => (/^\d+$/.test(String(range)) ? Number(range) : range));
}
