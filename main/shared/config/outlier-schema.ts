import { z } from 'zod';
import { duration, inMs, whole } from './schema-parts.ts';

/** Exclusion of servers that fail on real traffic. */
export const outlierDetectionSchema = z
  .strictObject({
    consecutiveFailures: whole(0, 1_000)
      .default(5)
      .describe('Failed attempts in a row before a server is ejected; 0 turns ejection off.'),
    baseEjection: duration('10s', 100).describe('First ejection; each further one is that much longer.'),
    maxEjection: duration('5m', 100).describe('The longest ejection.'),
  })
  .transform(inMs('baseEjection', 'maxEjection'))
  .prefault({});
