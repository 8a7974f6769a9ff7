import type { RetryConfig } from '@shared/config/schema.ts';
import type { AttemptRecord } from '../exchange.ts';
import { retriesStatus } from '../proxy/retry-rules.ts';

/**
 * Whether an attempt counts against its server: it broke, or it answered with a status that the pool is told to try again
 * elsewhere. A client that went away never counts; nor does any other status, which may be what the service means.
 */
export function isFailed(attempt: AttemptRecord, retry: RetryConfig): boolean {
  if (attempt.outcome === 'client-aborted' || attempt.ownFault) return false;
  if (attempt.outcome !== 'responded') return true;
  return retriesStatus(retry, attempt.status);
}
