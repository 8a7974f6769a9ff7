import type { MenuEntry, MenuSection } from '../../ui/menu.tsx';
import type { ServerAction } from './server-actions.ts';

/**
 * The menu of a server: everything that can be done to it, each once, under the heading it names itself.
 *
 * @param moves pools it can be moved to
 * @param edit why the file cannot be changed; undefined where it can
 */
export function serverMenu(
  actions: readonly ServerAction[],
  moves: readonly { readonly label: string; readonly run: () => void }[],
  edit: string | undefined,
): readonly MenuSection[] {
  const within = (wanted: ServerAction['section']): MenuEntry[] =>
    actions
      .filter(({ section }) => section === wanted)
      .map(({ id, label, detail, icon, shortcut, tone, disabledReason, run }) => ({
        id,
        label,
        detail,
        icon,
        shortcut,
        tone,
        disabledReason,
        run,
      }));
  const move: MenuEntry = {
    id: 'move',
    label: 'Move to…',
    icon: 'move',
    disabledReason: edit ?? (moves.length === 0 ? 'There is no other pool' : undefined),
    ...(edit === undefined &&
      moves.length > 0 && {
        children: moves.map(({ label, run }) => ({ id: `to ${label}`, label, run })),
      }),
  };
  return [
    { id: 'now', title: 'Now', entries: within('now') },
    { id: 'look', entries: within('look') },
    { id: 'file', title: 'In the file', entries: [move, ...within('file')] },
  ];
}
