import { z } from 'zod';
import { duration, inMs, whole } from './schema-parts.ts';

/** When a pool as a whole is left alone for a while. */
export const circuitBreakerSchema = z
  .strictObject({
    failurePercent: whole(0, 100)
      .default(0)
      .describe(
        'Share of failed requests within `window` at which the circuit opens, percent; 0 is off. A request fails when its last attempt does (as `outlierDetection` counts): what a retry saved has not failed.',
      ),
    window: duration('10s', 1_000).describe('What `failurePercent` looks back on.'),
    minimumRequests: whole(1, 1_000_000).default(20).describe('Fewer requests within `window` say nothing.'),
    open: duration('10s', 100).describe(
      'So long requests get 503 at once; each time in a row that the trials fail it is that much longer.',
    ),
    maxOpen: duration('5m', 100).describe('The longest.'),
    trials: whole(1, 1_000)
      .default(3)
      .describe(
        'After that so many requests are let through, no more: the circuit closes when all of them go well, and opens again when one fails.',
      ),
  })
  .transform(inMs('window', 'open', 'maxOpen'))
  .prefault({});
