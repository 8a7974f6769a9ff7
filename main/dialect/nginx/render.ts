import type { Config } from '@shared/config/schema.ts';
import type { CommandResult } from '@shared/contract/commands.ts';

export type Export = CommandResult<'export.render'>;

/** Writes the configuration as an nginx.conf. `targetVersion` such as `1.22` or `1.29.7`; throws `ContractError` `invalid-params` for another. */
export function renderNginx(_config: Config, _options: { targetVersion?: string | undefined } = {}): Export {
  throw new Error('not written yet');
}
