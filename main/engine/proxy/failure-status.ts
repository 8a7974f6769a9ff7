import type { AttemptRecord } from '../exchange.ts';

/** What the client gets where nothing more follows a failed attempt (RFC 9110 section 15.6): the status it brought, 504 where its time was up, else 502. */
export function failureStatus({ outcome, status }: AttemptRecord): number {
  if (outcome === 'responded') return status;
  return outcome === 'timed-out' ? 504 : 502;
}
