import { type AffinityKind, affinities } from '@shared/catalog/affinities.ts';
import { run } from './run.ts';

/** Asks for another kind of affinity in a pool, from wherever it is offered. */
export async function setAffinity(pool: string, affinity: AffinityKind): Promise<void> {
  await run('pool.set-affinity', { pool, affinity }, `Affinity of ${pool} not changed`, {
    done: `${pool}: ${affinities[affinity].label.toLowerCase()}`,
    canUndo: true,
  });
}
