import { describe } from 'vitest';
import { setPoolDefaults } from '../../support/lane.ts';
import '../../support/lane-cleanup.ts';

/** By itself, as its original is: what it measures is the memory of the process. */
setPoolDefaults({ batching: { mode: 'on', wait: '20ms' } });

describe('with batching, backpressure', async () => void (await import('./backpressure.test.ts')));
