import type { StrategyOption } from '@shared/catalog/strategies.ts';
import { parseDuration } from '@shared/lib/duration.ts';

/** What is wrong with the text of an option in a form; undefined where nothing is. Empty text leaves an option out. */
export function checkOption(option: StrategyOption, text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '')
    return option.isRequired
      ? `Write a ${option.label.toLowerCase()}, e.g. ${shownOption(option)}`
      : undefined;
  switch (option.type) {
    case 'duration':
      return parseDuration(trimmed) ? undefined : 'A duration is a number and a unit, e.g. 10s';
    case 'number': {
      const value = Number(trimmed);
      const isFine =
        value >= option.least && value <= option.most && (!option.isWhole || Number.isInteger(value));
      const what = option.isWhole ? 'A whole number' : 'A number';
      return isFine ? undefined : `${what} from ${option.least} to ${option.most}`;
    }
    case 'choice':
      return option.of.includes(trimmed) ? undefined : `One of ${option.of.join(', ')}`;
    case 'text':
      return undefined;
  }
}

/** What is written into the file for it; null takes it out, so that its default holds. */
export function readOption(option: StrategyOption, text: string): string | number | null {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === String(option.default)) return null;
  return option.type === 'number' ? Number(trimmed) : trimmed;
}

/** What stands in an empty field: the default, or an example. */
export function shownOption(option: StrategyOption): string {
  if (option.default !== null) return String(option.default);
  return option.type === 'text' ? (option.examples[0] ?? '') : 'none';
}
