import type { IconName } from '../ui/icons.ts';

/** One line of the command palette. */
export interface PaletteAction {
  readonly id: string;
  readonly section: string;
  /** What is searched, e.g. `Drain api-2`. */
  readonly title: string;
  readonly icon: IconName;
  readonly detail?: string | undefined;
  readonly shortcut?: string | undefined;
  readonly disabledReason?: string | undefined;
  readonly run: () => void;
  /** Shown before anything is typed; the others wait for a word of theirs. */
  readonly isOffered?: boolean;
}

/** Those whose section, title or detail holds every word that was typed, in any order; with nothing typed those that are offered. */
export function findActions(actions: readonly PaletteAction[], input: string): readonly PaletteAction[] {
  const words = input.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return actions.filter(({ isOffered }) => isOffered !== false);
  return actions.filter(({ section, title, detail }) => {
    const text = `${section} ${title} ${detail ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
