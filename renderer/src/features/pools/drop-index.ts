/**
 * The index for `server.move` when something is dropped before or after another server of a pool. The dragged one is
 * counted out, where it is a member already.
 */
export function dropIndex(
  members: readonly string[],
  dragged: string,
  target: { readonly key: string; readonly position: 'before' | 'after' },
): number {
  const others = members.filter((id) => id !== dragged);
  const at = others.indexOf(target.key);
  if (at === -1) {
    // Dropped beside itself: it stays where it is.
    return Math.max(0, members.indexOf(dragged));
  }
  return target.position === 'before' ? at : at + 1;
}
