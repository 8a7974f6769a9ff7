import { create } from 'zustand';

export type Theme = 'system' | 'dark' | 'light';

/** What the inspector shows. */
export type Selection =
  | { readonly kind: 'server'; readonly id: string }
  | { readonly kind: 'request'; readonly id: string }
  | { readonly kind: 'session'; readonly pool: string; readonly id: string };

/** What the request list is narrowed to; other screens set it to lead there. */
export interface RequestFilter {
  readonly pool?: string | undefined;
  /** A server id that any attempt went to. */
  readonly server?: string | undefined;
  /** Of that session alone. */
  readonly session?: { readonly pool: string; readonly id: string } | undefined;
  readonly only?: 'failed' | 'retried' | undefined;
  readonly text?: string | undefined;
  /** Exactly these, e.g. those of one failover. */
  readonly ids?: readonly string[] | undefined;
  /** Names `ids` for a person: `3 requests that met the exit of api-2`. */
  readonly title?: string | undefined;
}

interface InterfaceState {
  /** Id of a registered screen. */
  readonly screen: string;
  readonly selection: Selection | null;
  readonly requestFilter: RequestFilter;
  readonly theme: Theme;
  readonly timelineOpen: boolean;
  readonly paletteOpen: boolean;
  readonly shortcutsOpen: boolean;
}

const storage = typeof localStorage === 'undefined' ? undefined : localStorage;

export const useInterface = create<InterfaceState>(() => ({
  screen: 'topology',
  selection: null,
  requestFilter: {},
  theme: storedTheme(),
  timelineOpen: storage?.getItem('ballast-timeline') !== 'closed',
  paletteOpen: false,
  shortcutsOpen: false,
}));

export function showScreen(screen: string): void {
  arriveAt(screen);
  if (typeof history !== 'undefined' && location.hash !== `#/${screen}`)
    history.pushState(null, '', `#/${screen}`);
}

/** Whoever turns to a list has left the row of the other one; a server is of interest beside any of them. */
export function arriveAt(screen: string): void {
  const left = screen === 'requests' ? 'session' : screen === 'sessions' ? 'request' : undefined;
  useInterface.setState(({ selection, screen: before }) => ({
    screen,
    selection: screen !== before && selection?.kind === left ? null : selection,
  }));
}

export function select(selection: Selection | null): void {
  useInterface.setState({ selection });
}

/** Leads to the request list, narrowed to what matters now. */
export function showRequests(requestFilter: RequestFilter): void {
  useInterface.setState({ requestFilter });
  showScreen('requests');
}

export function setRequestFilter(requestFilter: RequestFilter): void {
  useInterface.setState({ requestFilter });
}

export function setTimelineOpen(timelineOpen: boolean): void {
  storage?.setItem('ballast-timeline', timelineOpen ? 'open' : 'closed');
  useInterface.setState({ timelineOpen });
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') storage?.removeItem('ballast-theme');
  else storage?.setItem('ballast-theme', theme);
  useInterface.setState({ theme });
  applyTheme(theme);
}

/** Without an attribute the stylesheet follows the system. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function storedTheme(): Theme {
  const stored = storage?.getItem('ballast-theme');
  return stored === 'dark' || stored === 'light' ? stored : 'system';
}
