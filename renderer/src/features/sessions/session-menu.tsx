import type { Session } from '@shared/contract/session-values.ts';
import { otherServers } from '../../store/other-servers.ts';
import { IconButton } from '../../ui/button.tsx';
import { MenuButton } from '../../ui/menu.tsx';

/** What can be done to the session of a row. */
export interface SessionActs {
  readonly end: (session: Session) => void;
  readonly pin: (session: Session, pinned: boolean) => void;
  /** @param server name */
  readonly move: (session: Session, server: string) => void;
}

export function SessionMenu({
  session,
  disabledReason,
  acts,
}: {
  session: Session;
  disabledReason: string | undefined;
  acts: SessionActs;
}) {
  const { id, pool, server, pinned } = session;
  const others = otherServers(pool, server);
  return (
    <MenuButton
      label={`Session ${id}`}
      placement="bottom end"
      sections={[
        {
          id: 'session',
          entries: [
            {
              id: 'pin',
              label: pinned ? 'Unpin' : 'Pin to its server',
              detail: pinned ? 'It expires and moves as others do' : 'It neither expires nor moves',
              icon: 'lock',
              disabledReason,
              run: () => acts.pin(session, !pinned),
            },
            {
              id: 'end',
              label: 'End',
              detail: 'Its client is bound anew',
              icon: 'trash',
              shortcut: 'Delete',
              tone: 'bad',
              disabledReason,
              run: () => acts.end(session),
            },
          ],
        },
        {
          id: 'move',
          title: others.length === 0 ? 'Its pool has no other server' : 'Move to',
          entries: others.map((name) => ({
            id: `to ${name}`,
            label: name,
            icon: 'move',
            disabledReason,
            run: () => acts.move(session, name),
          })),
        },
      ]}
    >
      <IconButton icon="more" label={`More for session ${id}`} excludeFromTabOrder />
    </MenuButton>
  );
}
