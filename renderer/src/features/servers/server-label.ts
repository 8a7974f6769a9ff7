import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import { exitText } from '../../store/server-condition.ts';

/** A command without the folders of its words: `"/usr/bin/node" "/srv/app/server.js" -p 1` becomes `node server.js -p 1`. */
export function shortCommand(command: string): string {
  const words = command.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return words
    .map((word) => word.replace(/^(["'])(.*)\1$/, '$2'))
    .map((word) => (word.startsWith('-') ? word : (word.split(/[\\/]/).at(-1) ?? word)))
    .join(' ');
}

/** The line below a server's address: what process backs it, or how that one ended. */
export function processLine(replica: ReplicaStatus | undefined): string {
  if (!replica) return 'not started by Ballast';
  if (replica.state === 'exited') return exitText(replica);
  if (replica.state === 'failed') return 'did not start';
  const command = shortCommand(replica.command);
  return replica.pid === null ? command : `${command} · pid ${replica.pid}`;
}
