import type { ComponentType } from 'react';
import { ExportScreen } from '../features/export/export-screen.tsx';
import { Inspector } from '../features/inspector/inspector.tsx';
import { RequestsScreen } from '../features/requests/requests-screen.tsx';
import { SessionsScreen } from '../features/sessions/sessions-screen.tsx';
import { Timeline } from '../features/timeline/timeline.tsx';
import type { IconName } from '../ui/icons.ts';
import type { PaletteAction } from './palette-action.ts';
import { topologyScreen } from './topology-screen.tsx';

/**
 * Where a feature plugs in. The shell knows nothing else of it.
 *
 * A screen: export a component from `features/<name>/`, and add an entry to `screens` below. The rail, the number keys, the
 * address (`#/<id>`), the command palette and the list of shortcuts follow from the entry. A screen fills the area it is
 * given (`height: 100%`) and scrolls by itself. While another is shown it stays, hidden, and its effects (subscriptions, timers,
 * frame drawing) are undone: coming back costs a frame, not a new page.
 *
 * A slot: an area that stays while screens change. A slot that is undefined takes no room.
 * - `timeline`: below every screen, full width. Its height is its own (at most 40 % of the window); `useInterface.timelineOpen`
 *   tells whether it is open, and while it is closed it is not mounted. It draws its own head.
 * - `inspector`: at the right of the screens that have one, 340 pixels wide, mounted while `useInterface.selection` is not null. It shows that
 *   selection (server, request or session), draws its own head and closes with `select(null)`; Escape does so as well.
 *
 * To lead elsewhere: `select(…)`, `showScreen(id)`, `showRequests(filter)` of `store/interface.ts`. Commands for a person: `run(…)` of
 * `connection/run.ts` (a refusal becomes a message). Numbers that change several times a second: `metrics/live.tsx`,
 * `metrics/sparkline.tsx`, or `useOnFrame`; never React state. Features do not import features.
 */
export interface Screen {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  readonly component: ComponentType;
  /**
   * Its effects go on while it is hidden. For a screen of drag and drop lists: React Aria builds those from effects, so undoing
   * them would throw all of their elements away. What such a screen does while nobody sees it must cost next to nothing.
   */
  readonly staysAlive?: boolean;
  /** Nothing that is selected elsewhere concerns it: the inspector would only take room. The selection stays. */
  readonly hidesInspector?: boolean;
  /** For the list of shortcuts: keys that work on this screen. */
  readonly shortcuts?: readonly { readonly keys: string; readonly label: string }[];
  /** For the command palette: asked each time it opens, whichever screen is shown. */
  readonly actions?: () => readonly PaletteAction[];
}

export const screens: readonly Screen[] = [
  topologyScreen,
  {
    id: 'requests',
    label: 'Requests',
    icon: 'requests',
    component: RequestsScreen,
    shortcuts: [
      { keys: 'ArrowDown or ArrowUp', label: 'Walk the requests, and see why' },
      { keys: 'Escape', label: 'Follow the newest again' },
    ],
  },
  {
    id: 'sessions',
    label: 'Sessions',
    icon: 'sessions',
    component: SessionsScreen,
    shortcuts: [
      { keys: 'ArrowDown or ArrowUp', label: 'Walk the sessions' },
      { keys: 'Delete', label: 'End the session' },
    ],
  },
  { id: 'export', label: 'Export', icon: 'export', component: ExportScreen, hidesInspector: true },
];

export const slots: { readonly timeline?: ComponentType; readonly inspector?: ComponentType } = {
  timeline: Timeline,
  inspector: Inspector,
};
