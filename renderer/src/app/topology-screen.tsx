import type { Screen } from './screens.ts';
import type { Shortcut } from './shortcuts.ts';

function TopologyScreen() {
  return null;
}

export function topologyDialogs() {
  return null;
}

export const topologyShortcuts: readonly Shortcut[] = [];

export const topologyScreen: Screen = {
  id: 'topology',
  label: 'Topology',
  icon: 'topology',
  component: TopologyScreen,
};
