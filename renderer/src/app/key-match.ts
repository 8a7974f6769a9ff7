/** @param shortcut e.g. `Mod+Shift+Z`, `A`, `?` */
export function matches(
  event: Pick<KeyboardEvent, 'key' | 'metaKey' | 'ctrlKey' | 'shiftKey' | 'altKey'>,
  shortcut: string,
): boolean {
  const parts = shortcut.split('+');
  const key = parts.pop()!;
  const mod = event.metaKey || event.ctrlKey;
  if (mod !== parts.includes('Mod') || event.altKey !== parts.includes('Alt')) return false;
  // A sign such as ? needs Shift on some keyboards and not on others.
  const isLetter = /^[A-Z]$/.test(key) || key.length > 1;
  if (isLetter && event.shiftKey !== parts.includes('Shift')) return false;
  return event.key.toLowerCase() === key.toLowerCase();
}
