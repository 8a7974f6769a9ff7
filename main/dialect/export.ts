import type { CommandResult } from '@shared/contract/commands.ts';

/** A configuration in another proxy's language, and what that proxy cannot say. */
export type Export = CommandResult<'export.render'>;
