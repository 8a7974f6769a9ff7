import { formatDuration } from './duration.ts';

/**
 * How long an ejected server was out for: `ejected for another 9s`.
 *
 * @param leftMs not above 0 where the time was over
 */
export function ejectedText(leftMs: number): string {
  return leftMs > 0
    ? `ejected for another ${roughly(leftMs)}`
    : 'ejected until a trial request has gone well';
}

/** In whole seconds from one on: nobody cares for the rest. */
export function roughly(ms: number): string {
  return formatDuration(ms >= 1_000 ? Math.ceil(ms / 1_000) * 1_000 : Math.max(1, Math.round(ms)));
}
