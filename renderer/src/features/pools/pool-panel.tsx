import { type ReactNode, useMemo } from 'react';
import {
  DropIndicator,
  type DropItem,
  GridList,
  GridListItem,
  isTextDropItem,
  useDragAndDrop,
} from 'react-aria-components';
import { selectServerIds, useConfig } from '../../store/config.ts';
import { useBlocked } from '../../store/connection.ts';
import { select } from '../../store/interface.ts';
import { Button } from '../../ui/button.tsx';
import { moveServer, serverDragType } from './drag.ts';
import { dropIndex } from './drop-index.ts';
import { CircuitTrouble } from './pool-circuit.tsx';
import { PoolHead } from './pool-head.tsx';
import { PoolNotes } from './pool-notes.tsx';
import { PoolTrouble } from './pool-trouble.tsx';

export interface PoolPanelProps {
  name: string;
  /** Cards are lower where there are many. */
  isDense: boolean;
  renderServer: (id: string) => ReactNode;
  /** Returns true where the key meant something for that server. */
  onServerKey: (id: string, key: string) => boolean;
  onAddServer: () => void;
  /** Names the columns, where the cards are too low to do it themselves. */
  columns?: ReactNode;
  /** Below the servers: what happened here lately. */
  children?: ReactNode;
}

/** A pool as a container of its servers, which can be dragged within it, to another one, and here. */
export function PoolPanel({
  name,
  isDense,
  renderServer,
  onServerKey,
  onAddServer,
  columns,
  children,
}: PoolPanelProps) {
  const ids = useConfig(selectServerIds(name));
  const blocked = useBlocked('edit');
  const items = useMemo(() => ids.map((id) => ({ id })), [ids]);

  const { dragAndDropHooks } = useDragAndDrop<{ id: string }>({
    isDisabled: blocked !== undefined,
    getItems: (keys) =>
      [...keys].map((key) => ({ [serverDragType]: String(key), 'text/plain': String(key) })),
    acceptedDragTypes: [serverDragType],
    getDropOperation: (_target, types) => (types.has(serverDragType) ? 'move' : 'cancel'),
    onReorder: ({ keys, target }) => {
      const [dragged] = [...keys].map(String);
      if (dragged === undefined || target.dropPosition === 'on') return;
      const index = dropIndex(ids, dragged, { key: String(target.key), position: target.dropPosition });
      if (index !== ids.indexOf(dragged)) void moveServer(dragged, name, index);
    },
    onInsert: async ({ items: dropped, target }) => {
      const dragged = await draggedServer(dropped);
      if (dragged === undefined || target.dropPosition === 'on') return;
      void moveServer(
        dragged,
        name,
        dropIndex(ids, dragged, { key: String(target.key), position: target.dropPosition }),
      );
    },
    onRootDrop: async ({ items: dropped }) => {
      const dragged = await draggedServer(dropped);
      if (dragged !== undefined) void moveServer(dragged, name);
    },
    renderDropIndicator: (target) => <DropIndicator target={target} className="drop-line" />,
    renderDragPreview: ([item]) => (
      <div className="drag-preview">{item?.['text/plain']?.split('/').at(-1)}</div>
    ),
  });

  return (
    <section className="pool" aria-label={`Pool ${name}`} data-pool={name} data-dense={isDense}>
      <PoolHead name={name} onAddServer={onAddServer} />
      <CircuitTrouble name={name} />
      <PoolTrouble name={name} />
      <PoolNotes name={name} />
      {isDense && columns}
      <div
        onContextMenuCapture={(event) => {
          // From the keyboard it is meant for what has the focus, the row: the card in it has the menu.
          const row = event.target as HTMLElement;
          if (row.getAttribute('role') !== 'row') return;
          event.preventDefault();
          row
            .querySelector('[data-server]')
            ?.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }));
        }}
        onKeyDownCapture={(event) => {
          const row = event.target as HTMLElement;
          if (row.getAttribute('role') !== 'row' || event.ctrlKey || event.metaKey || event.altKey) return;
          const id = row.dataset.key;
          if (id === undefined || !onServerKey(id, event.key)) return;
          event.preventDefault();
          event.stopPropagation();
        }}
      >
        <GridList
          aria-label={`Servers of pool ${name}`}
          className="pool-servers"
          items={items}
          dragAndDropHooks={dragAndDropHooks}
          keyboardNavigationBehavior="tab"
          disallowTypeAhead
          onAction={(key) => select({ kind: 'server', id: String(key) })}
        >
          {({ id }) => (
            <GridListItem id={id} textValue={id.slice(name.length + 1)} className="server-row">
              {renderServer(id)}
            </GridListItem>
          )}
        </GridList>
      </div>
      <div className="pool-foot">
        <Button tone="ghost" icon="plus" disabledReason={blocked} onPress={onAddServer}>
          Add a server, or drop one here
        </Button>
      </div>
      {children}
    </section>
  );
}

/** The server id that was dropped; undefined for anything else. */
export async function draggedServer(items: readonly DropItem[]): Promise<string | undefined> {
  const item = items.find((each) => isTextDropItem(each) && each.types.has(serverDragType));
  return item && isTextDropItem(item) ? await item.getText(serverDragType) : undefined;
}
