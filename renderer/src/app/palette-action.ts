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
}
