import { type AffinityKind, affinities } from '@shared/catalog/affinities.ts';
import { create } from 'zustand';
import { run } from './run.ts';

/** The kind of affinity whose cookie or field a person is asked to name; null while nobody is. */
export const useAffinityName = create<{ pool: string | null; affinity: AffinityKind }>(() => ({
  pool: null,
  affinity: 'none',
}));

/** Asks for another kind of affinity in a pool, from wherever it is offered. */
export async function setAffinity(pool: string, affinity: AffinityKind): Promise<void> {
  if ('names' in affinities[affinity]) {
    useAffinityName.setState({ pool, affinity });
    return;
  }
  await run('pool.set-affinity', { pool, affinity }, `Affinity of ${pool} not changed`, {
    done: `${pool}: ${affinities[affinity].label.toLowerCase()}`,
    canUndo: true,
  });
}
