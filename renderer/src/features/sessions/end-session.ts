import type { Session } from '@shared/contract/values.ts';
import { run } from '../../connection/run.ts';

/** Ends a session: its client is bound anew at its next request. */
export async function endSession({ pool, id, client }: Session): Promise<void> {
  await run('session.end', { pool, id }, 'Session not ended', {
    done: () => `Session ${id} of ${client} ended; its next request is bound anew`,
  });
}
