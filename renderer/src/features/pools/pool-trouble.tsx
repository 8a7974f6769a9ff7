import { selectServerIds, useConfig } from '../../store/config.ts';
import { useServers } from '../../store/servers.ts';
import { useSystem } from '../../store/system.ts';
import { Icon } from '../../ui/icon.tsx';
import { tellReasons } from './tell-reasons.ts';
import { useWaitsForSlot } from './use-waits-for-slot.ts';

/** What clients of a pool meet when none of its servers takes requests, and what to do. */
export function PoolTrouble({ name }: { name: string }) {
  const ids = useConfig(selectServerIds(name));
  const isBusy = useWaitsForSlot(name);
  const isStopped = useSystem(({ engine }) => engine?.state === 'stopped');
  // A text, so that only a change of the reasons renders this anew.
  const reasons = useServers(({ servers }) => {
    const all = ids.map((id) => servers[id]);
    if (all.length === 0 || all.some((status) => status === undefined || status.available)) return '';
    const told = tellReasons(
      all.map((status) => ({ name: status!.name, reason: status!.reason ?? ('unhealthy' as const) })),
    );
    // What begins with a server's name keeps it as it is written.
    return told.startsWith(all[0]!.name) ? told : capital(told);
  });
  // The banner says why, and what to do.
  if (isStopped) {
    return (
      <p className="pool-trouble" data-tone="bad" role="status">
        <Icon name="alert" size={14} />
        <span>
          <b>The engine has stopped: connections are refused.</b> What is shown is the last that was known.
        </span>
      </p>
    );
  }
  if (reasons === '') return null;
  return (
    <p className="pool-trouble" data-tone={isBusy ? 'warn' : 'bad'} role="status">
      <Icon name="alert" size={14} />
      <span>
        <b>
          {isBusy
            ? 'Every server is busy or out: requests wait in the queue.'
            : 'No server takes requests: clients get 503.'}
        </b>{' '}
        {reasons}. It recovers by itself as soon as one {isBusy ? 'has a slot' : 'is back'}.
      </span>
    </p>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
