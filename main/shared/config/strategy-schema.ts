import { z } from 'zod';
import { strategyKinds } from '../catalog/strategies.ts';

const strategyKind = z.enum(strategyKinds, {
  error: `unknown strategy; write one of ${strategyKinds.join(', ')}`,
});
/** How the next server is picked: a word, or a mapping with options. */
export const strategySchema = z
  .union([strategyKind.transform((kind) => ({ kind })), z.strictObject({ kind: strategyKind })], {
    error: `unknown strategy; write one of ${strategyKinds.join(', ')}`,
  })
  .prefault('round-robin');
