import type { ResourceLimits } from 'node:worker_threads';

/**
 * What V8 may take for new objects in a thread that carries requests. It would take twice as much as soon as there is traffic for
 * a while, at no gain: hardly anything outlives its request. So memory after a million requests is what it was after a hundred thousand.
 */
export const threadHeap: ResourceLimits = { maxYoungGenerationSizeMb: 24 };
