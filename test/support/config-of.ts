import { parseConfig } from '@shared/config/parse.ts';
import type { Config, ConfigInput } from '@shared/config/schema.ts';

/** A pool as a person would write it, without its name. */
export type PoolInput = Omit<ConfigInput['pools'][number], 'name'>;

/** A configuration with every default, from what a person would write. @throws Error that tells what is wrong with it */
export function configOf(input: ConfigInput): Config {
  const parsed = parseConfig(input);
  if (!parsed.ok)
    throw new Error(parsed.problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  return parsed.config;
}
