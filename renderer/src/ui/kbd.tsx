// Node, where tests load this, has no navigator before version 21.
const isApple = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);
const arrows = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc' };
const symbols: Record<string, string> = isApple
  ? { ...arrows, Mod: '⌘', Shift: '⇧', Alt: '⌥', Enter: '↩', Delete: '⌫' }
  : { ...arrows, Mod: 'Ctrl', Enter: '↵', Delete: 'Del' };

/** Writes a shortcut such as `Mod+Shift+Z` as this platform's people know it. */
export function shortcutText(shortcut: string): string {
  const parts = shortcut.split('+').map((part) => symbols[part] ?? part);
  return parts.join(isApple ? '' : '+');
}

/** A key or combination, e.g. `Mod+K`. */
export function Kbd({ keys }: { keys: string }) {
  return <kbd className="kbd">{shortcutText(keys)}</kbd>;
}
