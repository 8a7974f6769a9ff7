import { useEffect } from 'react';
import { redo, undo } from '../connection/run.ts';
import { blocked } from '../store/connection.ts';
import { select, setTheme, setTimelineOpen, showScreen, useInterface } from '../store/interface.ts';
import { matches } from './key-match.ts';
import { screens } from './screens.ts';

export interface Shortcut {
  /** `Mod` is ⌘ on Apple's systems, Ctrl elsewhere. */
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
}

export function globalShortcuts(): readonly Shortcut[] {
  return [
    { keys: 'Mod+K', label: 'Search and commands', run: () => useInterface.setState({ paletteOpen: true }) },
    ...screens.map((screen, index) => ({
      keys: String(index + 1),
      label: screen.label,
      run: () => showScreen(screen.id),
    })),
    { keys: 'Mod+Z', label: 'Undo the last edit', run: () => blocked('edit') ?? void undo() },
    { keys: 'Mod+Shift+Z', label: 'Do it again', run: () => blocked('edit') ?? void redo() },
    {
      keys: 'L',
      label: 'Show or hide the timeline',
      run: () => setTimelineOpen(!useInterface.getState().timelineOpen),
    },
    { keys: 'Shift+T', label: 'Dark or light', run: toggleTheme },
    { keys: 'Escape', label: 'Close the inspector', run: () => select(null) },
    { keys: '?', label: 'This list', run: () => useInterface.setState({ shortcutsOpen: true }) },
  ];
}

export function toggleTheme(): void {
  const { theme } = useInterface.getState();
  const dark = theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
  setTheme(dark ? 'light' : 'dark');
}

/** Handles the shortcuts that work everywhere, unless somebody is typing or a dialog is open. */
export function useShortcuts(extra: readonly Shortcut[] = []): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      if (isTyping(event.target) && !matches(event, 'Mod+K')) return;
      if (document.querySelector('[role=dialog], [role=menu]')) return;
      const found = [...extra, ...globalShortcuts()].find(({ keys }) => matches(event, keys));
      if (!found) return;
      event.preventDefault();
      found.run();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [extra]);
}

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}
