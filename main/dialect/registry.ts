import type { Config } from '@shared/config/schema.ts';
import type { CheckedParams, CommandResult } from '@shared/contract/commands.ts';
import { renderNginx } from './nginx/render.ts';

type DialectKind = CheckedParams<'export.render'>['dialect'];
type Render = (
  config: Config,
  options: { targetVersion?: string | undefined },
) => CommandResult<'export.render'>;

/** Every dialect's renderer: a missing one does not compile. */
export const dialects = { nginx: renderNginx } as const satisfies Record<DialectKind, Render>;
