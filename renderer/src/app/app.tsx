import { Activity, startTransition, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useConfig } from '../store/config.ts';
import { useConnection } from '../store/connection.ts';
import { arriveAt, useInterface } from '../store/interface.ts';
import { Toasts } from '../ui/toasts.tsx';
import { Banners } from './banners.tsx';
import { CommandPalette } from './command-palette.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { NotConnected } from './not-connected.tsx';
import { Rail } from './rail.tsx';
import { type Screen, screens, slots } from './screens.ts';
import { useShortcuts } from './shortcuts.ts';
import { ShortcutsHelp } from './shortcuts-help.tsx';
import { TopBar } from './top-bar.tsx';
import { TopologyDialogs, topologyShortcuts } from './topology-screen.tsx';

/** The frame around the screens. */
export function App() {
  const phase = useConnection(({ state }) => state.phase);
  const isKnown = useConfig(({ revision }) => revision !== undefined);
  useShortcuts(topologyShortcuts);
  useScreenFromAddress();
  const isShown = isKnown && phase !== 'turned-away';
  return (
    <div className="shell" data-phase={phase}>
      <TopBar />
      <Rail />
      <main className="stage" data-stale={isShown && phase !== 'connected'}>
        {isShown ? (
          <>
            <Banners />
            <Stage />
          </>
        ) : (
          <>
            <NotConnected />
            <Toasts />
          </>
        )}
      </main>
      <TopologyDialogs />
      <CommandPalette />
      <ShortcutsHelp />
    </div>
  );
}

function Stage() {
  // The rail answers the press at once; the screen itself is rendered in slices behind it.
  const id = useDeferredValue(useInterface((state) => state.screen));
  const hasSelection = useInterface((state) => state.selection !== null);
  const timelineOpen = useInterface((state) => state.timelineOpen);
  const screen = screens.find((each) => each.id === id) ?? screens[0]!;
  // Building a screen costs more than a frame; one that was seen stays, hidden and without effects, and is back at once.
  const visited = useRef(new Set<string>());
  visited.current.add(screen.id);
  const areAllBuilt = useIdleBuild();
  const { timeline: Timeline, inspector: Inspector } = slots;
  return (
    <>
      <div className="screens">
        <Toasts />
        {screens
          .filter(({ id }) => areAllBuilt || visited.current.has(id))
          .map((each) => (
            <Kept key={each.id} screen={each} isShown={each === screen} />
          ))}
        {Inspector && hasSelection && !screen.hidesInspector && (
          <aside className="inspector" aria-label="Inspector">
            <ErrorBoundary name="The inspector">
              <Inspector />
            </ErrorBoundary>
          </aside>
        )}
      </div>
      {Timeline && timelineOpen && (
        <section className="timeline-slot" aria-label="Timeline">
          <ErrorBoundary name="The timeline">
            <Timeline />
          </ErrorBoundary>
        </section>
      )}
    </>
  );
}

/** True some time after the first screen stands: then the others are built in idle moments, so that the first visit is quick too. */
function useIdleBuild(): boolean {
  const [isIdle, setIdle] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => startTransition(() => setIdle(true)), 1_200);
    return () => clearTimeout(timer);
  }, []);
  return isIdle;
}

function Kept({ screen, isShown }: { screen: Screen; isShown: boolean }) {
  // The same element each time: showing and hiding a screen does not render what is in it.
  const element = useMemo(() => <screen.component />, [screen]);
  const content = (
    <section
      className="screen"
      aria-label={screen.label}
      // Put away with its layout, or taken out of it: laying thirty cards out again costs more than a frame.
      {...(screen.staysAlive ? { 'data-away': !isShown, inert: !isShown } : { hidden: !isShown })}
    >
      <ErrorBoundary name={screen.label}>{element}</ErrorBoundary>
    </section>
  );
  return screen.staysAlive ? content : <Activity mode={isShown ? 'visible' : 'hidden'}>{content}</Activity>;
}

/** `#/requests` shows that screen; back and forward work. */
function useScreenFromAddress(): void {
  useEffect(() => {
    const follow = () => {
      const id = /^#\/([a-z-]+)/.exec(location.hash)?.[1] ?? screens[0]!.id;
      if (screens.some((screen) => screen.id === id)) arriveAt(id);
    };
    follow();
    window.addEventListener('popstate', follow);
    return () => window.removeEventListener('popstate', follow);
  }, []);
}
