import { useMemo, useRef } from 'react';
import { LimitsReached } from '../features/limits/limits-reached.tsx';
import { FileNotes } from '../features/listeners/file-notes.tsx';
import { ListenerCard } from '../features/listeners/listener-card.tsx';
import { AffinityNameDialog } from '../features/pools/affinity-name-dialog.tsx';
import { moveServer } from '../features/pools/drag.ts';
import { askForPool, NewPoolDialog, NewPoolZone } from '../features/pools/new-pool.tsx';
import { PoolPanel } from '../features/pools/pool-panel.tsx';
import { AddServerDialog, askForServer } from '../features/servers/add-server-dialog.tsx';
import { serverActions } from '../features/servers/server-actions.ts';
import { ServerCard, ServerColumns } from '../features/servers/server-card.tsx';
import { pressServerKey, serverShortcuts } from '../features/servers/server-keys.ts';
import { useStoryTeller } from '../features/story/stories.ts';
import { StoryCard } from '../features/story/story-card.tsx';
import { Strands } from '../features/strands/strands.tsx';
import { selectAllServerIds, useConfig } from '../store/config.ts';
import { select, showScreen, useInterface } from '../store/interface.ts';
import type { PaletteAction } from './palette-action.ts';
import type { Screen } from './screens.ts';
import type { Shortcut } from './shortcuts.ts';
import './topology.css';
// In this order: what stands inside another is told after it.
import '../features/strands/strands.css';
import '../features/listeners/listeners.css';
import '../features/pools/pools.css';
import { StrategyOptionsDialog } from '../features/pools/strategy-options.tsx';
import '../features/servers/servers.css';
import '../features/story/story.css';
import '../features/limits/limits.css';

/** From this many servers on, cards are lower. */
const denseFrom = 9;

/** Listeners, strands, pools: what the features offer, put together. Features know nothing of each other. */
function TopologyScreen() {
  const listenerNames = useConfig((state) => state.listenerNames);
  const poolNames = useConfig((state) => state.poolNames);
  const isDense = useConfig((state) => selectAllServerIds(state).length >= denseFrom);
  const area = useRef<HTMLDivElement>(null);
  return (
    <div className="topology" ref={area}>
      <Strands container={area} />
      <section className="listeners" aria-label="Listeners">
        <h2>Listeners</h2>
        {listenerNames.map((name) => (
          <ListenerCard key={name} name={name}>
            <LimitsReached place="listener" name={name} />
          </ListenerCard>
        ))}
        <FileNotes />
      </section>
      <div className="pools">
        {poolNames.map((name) => (
          <PoolPanel
            key={name}
            name={name}
            isDense={isDense}
            renderServer={(id) => <Server id={id} />}
            columns={<ServerColumns />}
            onServerKey={pressServerKey}
            onAddServer={() => askForServer(name)}
          >
            <LimitsReached place="pool" name={name} />
            <StoryCard pool={name} />
          </PoolPanel>
        ))}
        <NewPoolZone />
      </div>
    </div>
  );
}

function Server({ id }: { id: string }) {
  const poolNames = useConfig((state) => state.poolNames);
  const moves = useMemo(() => {
    const own = id.slice(0, id.indexOf('/'));
    return [
      ...poolNames
        .filter((pool) => pool !== own)
        .map((pool) => ({ label: pool, run: () => void moveServer(id, pool) })),
      { label: 'New pool…', run: () => askForPool(id) },
    ];
  }, [poolNames, id]);
  return <ServerCard id={id} moves={moves} />;
}

/** What outlives the screen: its dialogs, which a shortcut may open from anywhere, and the teller of stories. */
export function TopologyDialogs() {
  useStoryTeller();
  return (
    <>
      <AddServerDialog />
      <AffinityNameDialog />
      <NewPoolDialog />
      <StrategyOptionsDialog />
    </>
  );
}

export const topologyShortcuts: readonly Shortcut[] = [
  { keys: 'A', label: 'Add a server', run: () => addServer() },
  { keys: 'N', label: 'New pool', run: () => askForPool() },
];

/** To the pool of what is selected, or the first. */
function addServer(): void {
  const { selection } = useInterface.getState();
  const { servers, poolNames } = useConfig.getState();
  const selected = selection?.kind === 'server' ? servers[selection.id]?.pool : undefined;
  const pool = selected ?? poolNames[0];
  if (pool !== undefined) askForServer(pool);
}

function actions(): readonly PaletteAction[] {
  const { servers, poolNames } = useConfig.getState();
  return [
    ...poolNames.map(
      (pool): PaletteAction => ({
        id: `add-${pool}`,
        section: 'Pools',
        title: `Add a server to ${pool}`,
        icon: 'plus',
        run: () => askForServer(pool),
      }),
    ),
    {
      id: 'new-pool',
      section: 'Pools',
      title: 'New pool',
      icon: 'plus',
      shortcut: 'N',
      run: () => askForPool(),
    },
    ...Object.values(servers).flatMap(({ id, name, pool, address }): PaletteAction[] => [
      {
        id: `inspect ${id}`,
        section: 'Servers',
        title: `Inspect ${name}`,
        detail: `${pool} · ${address}`,
        icon: 'search',
        run: () => {
          showScreen('topology');
          select({ kind: 'server', id });
        },
      },
      ...serverActions(id)
        .filter(({ disabledReason }) => disabledReason === undefined)
        .map((action) => ({
          id: `${action.id} ${id}`,
          section: 'Servers',
          title: `${action.label} ${name}`,
          detail: pool,
          icon: action.icon,
          isOffered: false,
          run: action.run,
        })),
    ]),
  ];
}

export const topologyScreen: Screen = {
  id: 'topology',
  label: 'Topology',
  icon: 'topology',
  component: TopologyScreen,
  staysAlive: true,
  actions,
  shortcuts: [{ keys: 'A', label: 'Add a server' }, { keys: 'N', label: 'New pool' }, ...serverShortcuts],
};
