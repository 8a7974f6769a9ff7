import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import type { NewEvent } from './event-log.ts';

/** The event that a change of a replica is worth, told to a person; undefined where it is worth none. */
export function replicaEvent(before: ReplicaStatus | undefined, now: ReplicaStatus): NewEvent | undefined {
  if (before?.state === now.state && before.pid === now.pid) return undefined;
  switch (now.state) {
    case 'starting':
      return undefined;
    case 'running':
      return {
        kind: 'replica-started',
        text: `Replica ${now.id} runs on ${now.address} (pid ${now.pid})`,
        tone: 'good',
      };
    case 'failed':
    case 'exited':
      return exited(before, now);
  }
}

function exited(
  before: ReplicaStatus | undefined,
  { id, exit, pid, state, problem }: ReplicaStatus,
): NewEvent {
  const known = pid ?? before?.pid;
  const who = `Replica ${id}${known ? ` (pid ${known})` : ''}`;
  const how = exit?.signal ? `by ${exit.signal}` : `with code ${exit?.code ?? 'unknown'}`;
  const lastLine = exit?.output.trim().split('\n').at(-1);
  const output = lastLine && !exit?.asked ? `: ${lastLine}` : '';
  if (state === 'failed') {
    const why = problem ? `: ${problem}` : output;
    return { kind: 'replica-exited', text: `${who} did not start${why}`, tone: 'bad' };
  }
  const asked = exit?.asked === true;
  // A signal comes from somebody; an exit code is the process's own doing.
  const ended = exit?.signal ? `ended ${how}, not by Ballast` : `ended by itself ${how}`;
  return {
    kind: 'replica-exited',
    text: asked ? `${who} was ended ${how}` : `${who} ${ended}${output}`,
    tone: asked && exit?.signal !== 'SIGKILL' ? 'neutral' : 'bad',
  };
}
