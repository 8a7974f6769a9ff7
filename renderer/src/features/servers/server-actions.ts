import type { AdminState, ReplicaStatus, ServerStatus } from '@shared/contract/server-values.ts';
import { run } from '../../connection/run.ts';
import { endSessionsOf } from '../../connection/session-acts.ts';
import { type ServerRecord, useConfig } from '../../store/config.ts';
import { blocked } from '../../store/connection.ts';
import { showRequests } from '../../store/interface.ts';
import { useReplicas } from '../../store/replicas.ts';
import { useServers } from '../../store/servers.ts';
import type { IconName } from '../../ui/icons.ts';

export type ServerActionId =
  | 'kill'
  | 'start'
  | 'drain'
  | 'drain-soon'
  | 'ready'
  | 'maintenance'
  | 'probe'
  | 'requests'
  | 'end-sessions'
  | 'remove';

/** One thing that can be done to a server: the same for buttons, menu, keys and palette. */
export interface ServerAction {
  readonly id: ServerActionId;
  readonly label: string;
  /** What happens, in a sentence. */
  readonly detail: string;
  readonly icon: IconName;
  /** Where it stands in the menu: what changes now, what looks, what changes the file. */
  readonly section: 'now' | 'look' | 'file';
  /** Works while the server's card has the focus. */
  readonly shortcut: string;
  readonly tone?: 'bad';
  readonly disabledReason: string | undefined;
  readonly run: () => void;
}

/** Everything that can be done to a server now or, with the reason, cannot. */
export function serverActions(id: string): readonly ServerAction[] {
  const server = useConfig.getState().servers[id];
  if (!server) return [];
  return actionsFor(
    server,
    useServers.getState().servers[id],
    useReplicas.getState().byAddress[server.address],
  );
}

export function actionsFor(
  server: ServerRecord,
  status: ServerStatus | undefined,
  replica: ReplicaStatus | undefined,
): readonly ServerAction[] {
  const operate = blocked('operate');
  const { pool, name, id } = server;
  const target = { pool, server: name };
  const adminState = status?.adminState ?? 'ready';
  const ended = replica?.state === 'exited' || replica?.state === 'failed';
  const set = (next: AdminState, done: string) => () =>
    void run('server.set-admin-state', { ...target, adminState: next }, `${name} not changed`, { done });
  const unlessAlready = (is: AdminState, words: string) => operate ?? (adminState === is ? words : undefined);
  return [
    {
      id: 'kill',
      label: 'Kill',
      detail: 'SIGKILL to its process: watch the failover',
      icon: 'skull',
      section: 'now',
      shortcut: 'K',
      tone: 'bad',
      disabledReason: operate ?? (ended ? 'Its process has ended already' : undefined),
      run: () =>
        void run('server.kill', target, `${name} not killed`, {
          done: ({ pid }) => `Killed ${name}: SIGKILL to process ${pid}`,
        }),
    },
    {
      id: 'start',
      label: 'Start',
      detail: 'Its process again, on the same port',
      icon: 'play',
      section: 'now',
      shortcut: 'S',
      disabledReason:
        operate ??
        (replica === undefined
          ? 'Ballast did not start its process, so it cannot start it again'
          : ended
            ? undefined
            : 'Its process runs'),
      run: () => void run('server.start', target, `${name} not started`),
    },
    {
      id: 'drain',
      label: 'Drain',
      detail: 'No new clients; sessions and requests finish',
      icon: 'drain',
      section: 'now',
      shortcut: 'D',
      disabledReason: unlessAlready('drain', 'It is draining'),
      run: set('drain', `${name} is draining`),
    },
    {
      id: 'drain-soon',
      label: 'Drain within 30 s',
      detail: 'Then its sessions move and what still runs is ended',
      icon: 'hourglass',
      section: 'now',
      shortcut: 'E',
      disabledReason:
        operate ?? (adminState === 'drain' && status?.drainUntilMs != null ? 'It has a deadline' : undefined),
      run: () =>
        void run(
          'server.set-admin-state',
          { ...target, adminState: 'drain', drainMs: 30_000 },
          `${name} not changed`,
          { done: `${name} is draining, for 30 s at most` },
        ),
    },
    {
      id: 'ready',
      label: 'Set ready',
      detail: 'Back in rotation',
      icon: 'check',
      section: 'now',
      shortcut: 'R',
      disabledReason: unlessAlready('ready', 'It is ready'),
      run: set('ready', `${name} is ready`),
    },
    {
      id: 'maintenance',
      label: 'Maintenance',
      detail: 'No requests, no probes; its sessions move',
      icon: 'wrench',
      section: 'now',
      shortcut: 'M',
      disabledReason: unlessAlready('maintenance', 'It is in maintenance'),
      run: set('maintenance', `${name} is in maintenance`),
    },
    {
      id: 'probe',
      label: 'Probe now',
      detail: 'Its health check, at once',
      icon: 'pulse',
      section: 'now',
      shortcut: 'P',
      disabledReason:
        operate ?? (adminState === 'maintenance' ? 'In maintenance it is not probed' : undefined),
      run: () => void run('server.probe', target, `${name} not probed`),
    },
    {
      id: 'requests',
      label: 'Show its requests',
      detail: 'The request list, this server only',
      icon: 'requests',
      section: 'look',
      shortcut: 'Q',
      disabledReason: undefined,
      run: () => showRequests({ server: id }),
    },
    {
      id: 'end-sessions',
      label: 'End its sessions',
      detail: 'Their clients are bound anew',
      icon: 'sessions',
      section: 'now',
      shortcut: 'U',
      disabledReason:
        operate ??
        (useConfig.getState().pools[pool]?.affinity.type === 'none'
          ? 'Its pool keeps no sessions'
          : undefined),
      run: () => void endSessionsOf(pool, name),
    },
    {
      id: 'remove',
      label: 'Remove',
      detail: 'From the file; can be undone',
      icon: 'trash',
      section: 'file',
      shortcut: 'Delete',
      tone: 'bad',
      disabledReason: blocked('edit'),
      run: () =>
        void run('server.remove', target, `${name} not removed`, {
          done: `Removed ${name} from ${pool}`,
          canUndo: true,
        }),
    },
  ];
}
