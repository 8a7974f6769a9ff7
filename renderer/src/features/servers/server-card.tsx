import { strategies } from '@shared/catalog/strategies.ts';
import { type MouseEvent, useRef, useState } from 'react';
import { ButtonContext, Button as DragButton } from 'react-aria-components';
import { formatActive, formatMs, formatRate, formatShare } from '../../metrics/format.ts';
import { metricsHistory } from '../../metrics/history.ts';
import { LiveText, useLive } from '../../metrics/live.tsx';
import { Sparkline } from '../../metrics/sparkline.tsx';
import { useNow } from '../../metrics/use-now.ts';
import { serverColour } from '../../store/colours.ts';
import { selectWeight, useConfig } from '../../store/config.ts';
import { useBlocked, useConnection } from '../../store/connection.ts';
import { useInterface } from '../../store/interface.ts';
import { useReplicaAt } from '../../store/replicas.ts';
import { deadlineOf, exitText, serverCondition } from '../../store/server-condition.ts';
import { useServerStatus } from '../../store/servers.ts';
import { IconButton } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { ContextMenu, MenuButton } from '../../ui/menu.tsx';
import { Stepper } from '../../ui/stepper.tsx';
import { actionsFor, type ServerAction } from './server-actions.ts';
import { processLine } from './server-label.ts';
import { serverMenu } from './server-menu.ts';
import { setWeight } from './set-weight.ts';

export interface ServerCardProps {
  id: string;
  /** Pools it can be moved to, with what moves it there: from the pools, which servers know nothing of. */
  moves: readonly { readonly label: string; readonly run: () => void }[];
}

/**
 * The list gives each row's buttons a context that is new whenever the focus moves anywhere in it. Only the grip needs it: without
 * this, one press would render the buttons of every card.
 */
const ownButtons = {};

/** One server of a pool: state, weight, share, traffic, and everything that can be done to it. */
export function ServerCard({ id, moves }: ServerCardProps) {
  const server = useConfig(({ servers }) => servers[id]);
  const strategy = useConfig(({ pools }) => pools[id.slice(0, id.indexOf('/'))]?.strategy.kind);
  const healthCheck = useConfig(({ pools }) => pools[id.slice(0, id.indexOf('/'))]?.healthCheck);
  const weight = useConfig(selectWeight(id));
  const isPending = useConfig(({ pendingWeights }) => pendingWeights[id] !== undefined);
  const status = useServerStatus(id);
  const replica = useReplicaAt(server?.address);
  const edit = useBlocked('edit');
  const nowMs = useNow(deadlineOf(status));
  const isSelected = useInterface(({ selection }) => selection?.kind === 'server' && selection.id === id);
  useConnection(({ state }) => state.phase); // what can be done follows the connection
  const anchor = useRef<HTMLSpanElement>(null);
  const [menuOpen, setMenuOpen] = useState(false);
  if (!server) return null;

  const condition = serverCondition(status, replica, healthCheck, nowMs);
  const problem = replica?.state === 'failed' ? (replica.problem ?? exitText(replica)) : undefined;
  const actions = actionsFor(server, status, replica);
  const isOut = status !== undefined && !status.available;
  const usesWeights = strategy === undefined || strategies[strategy].usesWeights;
  const weightTold = tellWeight(weight, isPending ? undefined : status?.effectiveWeight, usesWeights);
  const sections = serverMenu(actions, moves, edit);

  const openMenu = (event: MouseEvent<HTMLElement>) => {
    event.preventDefault();
    const card = event.currentTarget.getBoundingClientRect();
    // From the keyboard there is no pointer: the menu opens at the card's name.
    const fromKeyboard = event.clientX === 0 && event.clientY === 0;
    anchor.current!.style.left = `${fromKeyboard ? 40 : event.clientX - card.left}px`;
    anchor.current!.style.top = `${fromKeyboard ? 40 : event.clientY - card.top}px`;
    setMenuOpen(true);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a right click is one more way to a menu that has a button
    <div
      className="server"
      data-tone={condition.tone}
      data-out={isOut}
      data-selected={isSelected}
      data-problem={problem !== undefined}
      data-server={id}
      style={{ '--server': serverColour(server.address) } as React.CSSProperties}
      onContextMenu={openMenu}
    >
      <span ref={anchor} className="menu-anchor" />
      <DragButton slot="drag" className="grip" aria-label={`Move ${server.name}`}>
        <Icon name="grip" />
      </DragButton>
      <ButtonContext.Provider value={ownButtons}>
        <div className="server-id">
          <b title={server.name}>{server.name}</b>
          <code>{server.address}</code>
          <small title={condition.reason}>
            {condition.tone === 'good' || replica?.state === 'exited' || replica?.state === 'failed'
              ? processLine(replica)
              : condition.reason}
          </small>
        </div>
        <span className={`state ${condition.tone}`} title={condition.reason}>
          <Icon name={condition.icon} size={14} />
          <span>
            {condition.word}
            {condition.also !== '' && <small>{condition.also}</small>}
          </span>
        </span>
        <div className="server-weight">
          <small title={weightTold.title}>{weightTold.text}</small>
          <Stepper
            label={`Weight of ${server.name}`}
            value={weight}
            minValue={0}
            maxValue={1_000}
            isPending={isPending}
            disabledReason={edit}
            onChange={(next) => setWeight(id, next)}
          />
        </div>
        <Share
          id={id}
          unpromised={strategy === undefined ? '' : unpromisedWords[strategies[strategy].decides]}
        />
        <Sparkline
          className="spark"
          ring={() => metricsHistory.server(id).rate}
          peak={() => metricsHistory.poolPeak(server.pool)}
        />
        <dl className="server-figures" data-limited={server.maxRequests > 0 || undefined}>
          <div>
            <dt>req/s</dt>
            <dd>
              <LiveText read={(metrics) => formatRate(metrics?.servers[id]?.ratePerSecond)} />
            </dd>
          </div>
          <div>
            <dt>p95 ms</dt>
            <dd>
              <LiveText read={(metrics) => formatMs(metrics?.servers[id]?.p95Ms)} />
            </dd>
          </div>
          <div>
            <dt>active</dt>
            <dd>
              <LiveText
                read={(metrics) =>
                  formatActive(metrics?.servers[id]?.activeRequests ?? 0, server.maxRequests)
                }
              />
            </dd>
          </div>
        </dl>
        <div className="acts">
          {visibleActions(actions, replica?.state).map((action) => (
            <IconButton
              key={action.id}
              icon={action.icon}
              label={`${action.label} ${server.name}`}
              hint={`${action.label}: ${action.detail}`}
              shortcut={action.shortcut}
              disabledReason={action.disabledReason}
              tone={
                action.id === 'start' || action.id === 'ready'
                  ? 'good'
                  : action.tone === 'bad'
                    ? 'bad'
                    : 'plain'
              }
              onPress={action.run}
            />
          ))}
          <MenuButton
            label={`Actions for ${server.name}`}
            placement="bottom end"
            width={330}
            sections={sections}
          >
            <IconButton
              icon="more"
              label={`More for ${server.name}`}
              hint="Everything for this server"
              shortcut="Shift+F10"
            />
          </MenuButton>
        </div>
        {problem !== undefined && <p className="server-problem">{problem}</p>}
      </ButtonContext.Provider>
      {menuOpen && (
        <ContextMenu
          label={`Actions for ${server.name}`}
          width={330}
          anchor={anchor}
          isOpen
          onClose={() => setMenuOpen(false)}
          sections={sections}
        />
      )}
    </div>
  );
}

/** What stands above the weight: in slow start what it is worth now. Short, the column is narrow. */
function tellWeight(
  weight: number,
  effective: number | undefined,
  isUsed: boolean,
): { readonly text: string; readonly title: string } {
  if (!isUsed) return { text: 'unweighted', title: 'The strategy of this pool does not look at weights' };
  if (effective === undefined || effective >= weight) return { text: 'weight', title: 'Weight' };
  return {
    text: `${Number(effective.toPrecision(2))} of ${weight}`,
    title: `In slow start: its weight counts as ${effective} of ${weight} and rises`,
  };
}

/** Three places on the card, always filled, so that nothing moves when a state changes. */
function visibleActions(
  actions: readonly ServerAction[],
  process: string | undefined,
): readonly ServerAction[] {
  const by = (id: ServerAction['id']) => actions.find((action) => action.id === id)!;
  const ended = process === 'exited' || process === 'failed';
  const isReady = by('ready').disabledReason !== undefined;
  const inMaintenance = !isReady && by('drain').disabledReason === undefined;
  return [
    ended ? by('start') : by('kill'),
    isReady || inMaintenance ? by('drain') : by('ready'),
    inMaintenance ? by('ready') : by('maintenance'),
  ];
}

/** What decides a server's share, where the strategy promises none. */
const unpromisedWords = {
  turn: 'in turn',
  chance: 'by chance',
  load: 'by load',
  request: 'by request',
  order: 'in order',
} as const;

/** @param unpromised what decides the share where the strategy promises none */
function Share({ id, unpromised }: { id: string; unpromised: string }) {
  const bar = useLive<HTMLDivElement>((element, metrics) => {
    const traffic = metrics?.servers[id];
    element.style.setProperty('--had', String(traffic?.shareHad ?? 0));
    const wanted = traffic?.shareWanted ?? null;
    element.style.setProperty('--wanted', String(wanted ?? 0));
    element.dataset.wanted = String(wanted !== null);
  });
  return (
    <div className="share">
      <div className="share-bar" ref={bar}>
        <i />
        <u />
      </div>
      <b>
        <LiveText read={(metrics) => formatShare(metrics?.servers[id]?.shareHad)} />
      </b>
      <small>
        <LiveText
          read={(metrics) => {
            const traffic = metrics?.servers[id];
            if (!traffic) return '';
            return traffic.shareWanted === null ? unpromised : `wants ${formatShare(traffic.shareWanted)}`;
          }}
        />
      </small>
    </div>
  );
}

/** The names of the columns above low cards. Each card says them too, to those who do not see the columns. */
export function ServerColumns() {
  return (
    <div className="server-columns" aria-hidden="true">
      <span />
      <span>server</span>
      <span>state</span>
      <span className="server-weight">weight</span>
      <span className="share">share</span>
      <span className="spark">last minute</span>
      <span className="server-figures">
        <span>req/s</span>
        <span>p95 ms</span>
        <span>active</span>
      </span>
      <span className="acts" />
    </div>
  );
}
