import { type ReactNode, useEffect, useState } from 'react';
import { retryNow } from '../connection/control.ts';
import { useConnection } from '../store/connection.ts';
import { useSystem } from '../store/system.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import type { IconName } from '../ui/icons.ts';
import { engineBanner, lostText } from './engine-banner.ts';

/** What concerns everything on screen: a lost connection, a restarting engine, a file that is not what runs, read-only. */
export function Banners() {
  const { state, capabilities } = useConnection();
  const stopped = engineBanner(useSystem((system) => system.engine));
  const problems = useSystem((system) => system.workspace?.problems);
  const path = useSystem((system) => system.workspace?.path);
  return (
    <div className="banners" role="status">
      {state.phase === 'lost' && <Lost reason={state.reason} retryAtMs={state.retryAtMs} />}
      {state.phase === 'connected' && stopped && (
        <Banner tone={stopped.tone} icon={stopped.tone === 'warn' ? 'retry' : 'alert'}>
          <b>{stopped.head}</b> {stopped.text}
        </Banner>
      )}
      {problems && problems.length > 0 && (
        <Banner tone="bad" icon="file">
          <b>The file on disk is not what runs.</b> The last good configuration goes on.
          <ul className="problems">
            {problems.slice(0, 4).map((problem) => (
              <li key={`${problem.line}:${problem.column} ${problem.message}`}>
                <code title={path}>
                  {path?.split(/[\\/]/).at(-1)}
                  {problem.line !== null && `:${problem.line}:${problem.column ?? 1}`}
                </code>{' '}
                {problem.message}
                {problem.excerpt !== null && problem.excerpt.trim() !== '' && (
                  <code className="excerpt">{problem.excerpt.trim()}</code>
                )}
              </li>
            ))}
            {problems.length > 4 && <li>and {problems.length - 4} more</li>}
          </ul>
        </Banner>
      )}
      {state.phase === 'connected' && !capabilities.includes('operate') && (
        <Banner tone="quiet" icon="lock">
          <b>Read-only.</b> Ballast was started with --read-only: look at everything, change nothing.
        </Banner>
      )}
    </div>
  );
}

function Lost({ reason, retryAtMs }: { reason: string; retryAtMs: number }) {
  const [leftS, setLeftS] = useState(0);
  useEffect(() => {
    const tick = () => setLeftS(Math.max(0, Math.ceil((retryAtMs - Date.now()) / 1_000)));
    tick();
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [retryAtMs]);
  return (
    <Banner tone="warn" icon="unplug" action={<Button onPress={retryNow}>Reconnect now</Button>}>
      <b>Not connected.</b> {lostText(reason)} What you see is the last that was known.{' '}
      <span className="countdown">{leftS > 0 ? `Reconnecting in ${leftS} s` : 'Reconnecting…'}</span>
    </Banner>
  );
}

interface BannerProps {
  tone: 'warn' | 'bad' | 'quiet';
  icon: IconName;
  action?: ReactNode;
  children: ReactNode;
}

function Banner({ tone, icon, action, children }: BannerProps) {
  return (
    <div className={`banner ${tone}`}>
      <Icon name={icon} />
      <div>{children}</div>
      {action}
    </div>
  );
}
