import { selectWeight, useConfig } from '../../store/config.ts';
import { blocked } from '../../store/connection.ts';
import { toast } from '../../ui/toasts.tsx';
import { serverActions } from './server-actions.ts';
import { setWeight } from './set-weight.ts';

/** Keys that work while a server's card has the focus; returns true where the key meant something. */
export function pressServerKey(id: string, key: string): boolean {
  if (key === '+' || key === '=' || key === '-') {
    const reason = blocked('edit');
    if (reason) return tell(reason);
    const weight = selectWeight(id)(useConfig.getState());
    setWeight(id, Math.min(1_000, Math.max(0, weight + (key === '-' ? -1 : 1))));
    return true;
  }
  const wanted = key === 'Backspace' ? 'Delete' : key.length === 1 ? key.toUpperCase() : key;
  const action = serverActions(id).find(({ shortcut }) => shortcut === wanted);
  if (!action) return false;
  if (action.disabledReason) return tell(action.disabledReason);
  action.run();
  return true;
}

function tell(reason: string): true {
  toast({ tone: 'neutral', text: reason });
  return true;
}

/** For the list of shortcuts. */
export const serverShortcuts = [
  { keys: 'Enter', label: 'On a server: inspect it' },
  { keys: 'K', label: 'Kill its process' },
  { keys: 'S', label: 'Start its process again' },
  { keys: 'D', label: 'Drain' },
  { keys: 'E', label: 'Drain within 30 s' },
  { keys: 'R', label: 'Ready' },
  { keys: 'M', label: 'Maintenance' },
  { keys: 'P', label: 'Probe now' },
  { keys: 'Q', label: 'Show its requests' },
  { keys: 'U', label: 'End its sessions' },
  { keys: '+ or -', label: 'More or less weight' },
  { keys: 'Delete', label: 'Remove' },
  { keys: 'Shift+F10', label: 'Menu with everything, Move to… too' },
];
