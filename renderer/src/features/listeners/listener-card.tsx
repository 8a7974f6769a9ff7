import { formatAddress } from '@shared/config/address.ts';
import type { ListenerConfig } from '@shared/config/schema.ts';
import type { ReactNode } from 'react';
import { run } from '../../connection/run.ts';
import { formatRate } from '../../metrics/format.ts';
import { LiveText } from '../../metrics/live.tsx';
import { useConfig } from '../../store/config.ts';
import { useBlocked } from '../../store/connection.ts';
import { curlLine, listenerUrl, useListeners } from '../../store/listeners.ts';
import { useSlowMetrics } from '../../store/slow-metrics.ts';
import { wayInto, wayLine } from '../../store/way-in.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { MenuButton } from '../../ui/menu.tsx';
import { toast } from '../../ui/toasts.tsx';

/** An address that clients come to, and where it leads them. @param children what stands below */
export function ListenerCard({ name, children }: { name: string; children?: ReactNode }) {
  const listener = useConfig(({ listeners }) => listeners[name]);
  const status = useListeners(({ listeners }) => listeners[name]);
  const isUnused = useSlowMetrics(
    ({ metrics }) => metrics !== undefined && (metrics.listeners[name]?.requests ?? 0) === 0,
  );
  if (!listener) return null;
  const url = listenerUrl(listener.bind, status);
  const way = wayInto(listener, listener.routes[0]!.pool);
  return (
    <article className="listener" data-listener={name} aria-label={`Listener ${name}`}>
      <header>
        <h3 title={name}>{name}</h3>
        <IconButton
          icon="copy"
          size={14}
          label={`Copy the address of ${name}`}
          hint={`Copy ${url}`}
          onPress={() => copy(url)}
        />
      </header>
      <code>{status?.address ?? formatAddress(listener.bind)}</code>
      <Routes name={name} listener={listener} />
      {isUnused ? (
        <p className="listener-unused">
          No request yet. Try <code>{way ? wayLine(way, status) : curlLine(url)}</code>
        </p>
      ) : (
        <p className="listener-rate">
          <b>
            <LiveText read={(metrics) => formatRate(metrics?.listeners[name]?.ratePerSecond)} />
          </b>{' '}
          req/s
        </p>
      )}
      {children}
    </article>
  );
}

function Routes({ name, listener }: { name: string; listener: ListenerConfig }) {
  const poolNames = useConfig((state) => state.poolNames);
  const blocked = useBlocked('edit');
  const [only] = listener.routes;
  if (listener.routes.length === 1 && only && only.path === '/' && only.host === undefined) {
    return (
      <div className="route">
        <small>every path</small>
        <Icon name="arrowRight" size={12} />
        <MenuButton
          label={`Pool of listener ${name}`}
          sections={[
            {
              id: 'pools',
              title: 'Lead every request to',
              entries: poolNames.map((pool) => ({
                id: pool,
                label: pool,
                isSelected: pool === only.pool,
                disabledReason: blocked,
                run: () => {
                  if (pool === only.pool) return;
                  void run('listener.set-pool', { listener: name, pool }, `${name} not changed`, {
                    done: `${name} now leads to ${pool}`,
                    canUndo: true,
                  });
                },
              })),
            },
          ]}
        >
          <Button className="route-pool" aria-label={`${name} leads to pool ${only.pool}`}>
            <span>{only.pool}</span>
            <Icon name="chevronDown" size={11} />
          </Button>
        </MenuButton>
      </div>
    );
  }
  return (
    <ul className="routes">
      {listener.routes.map(({ host, path, pool }) => (
        <li key={`${host ?? ''}${path}`} className="route">
          <small className="mono">
            {host ?? ''}
            {path}
          </small>
          <Icon name="arrowRight" size={12} />
          <b>{pool}</b>
        </li>
      ))}
    </ul>
  );
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast({ tone: 'neutral', text: `Copied ${text}` });
  } catch {
    toast({
      tone: 'bad',
      text: 'Not copied',
      detail: `The browser does not allow it. The address is ${text}`,
    });
  }
}
