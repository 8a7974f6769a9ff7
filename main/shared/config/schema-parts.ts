import { z } from 'zod';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { type Address, parseAddress } from './address.ts';

/** What the schema of ballast.yaml is put together from. */

/** What listeners, pools, servers and replica groups are called. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'a name is letters, digits, ".", "_" or "-", 63 at most; write e.g. api-1',
  );

/** A duration as text (`2s`), which becomes milliseconds. @param least the smallest allowed value in milliseconds */
export function duration(fallback: string, least = 1) {
  return durationText(fallback, least).prefault(fallback);
}

/** The same without a default, for a key that may be left out. @param example what to write, e.g. `2s` */
export function durationText(example: string, least = 1) {
  return z
    .string({ error: `a duration is text with a unit; write e.g. ${example}` })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= least && ms <= 2_147_483_647) return ms;
      context.addIssue({
        code: 'custom',
        message:
          ms === undefined
            ? `"${text}" is no duration; write a number and a unit (ms, s, m, h, d), e.g. ${example}`
            : `a duration here is between ${formatDuration(least)} and 24d; write e.g. ${example}`,
      });
      return z.NEVER;
    });
}

/** An address as text, taken apart. @param anyPort whether port 0, any free one, is an address here */
export function address(example: string, { anyPort }: { anyPort: boolean }) {
  return z
    .string({ error: `an address is text, host:port; write e.g. ${example}` })
    .transform((text, context): Address => {
      const parsed = parseAddress(text);
      if (parsed && (anyPort || parsed.port > 0)) return parsed;
      context.addIssue({
        code: 'custom',
        message: `"${text}" is no address; write host:port, e.g. ${example}`,
      });
      return z.NEVER;
    });
}

/** Durations are in milliseconds from here on, and their names say so: `timeout: 2s` in the file is `timeoutMs: 2000`. */
export function inMs<T extends object, K extends keyof T & string>(...keys: K[]) {
  return (value: T) => {
    const renamed: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(value))
      renamed[(keys as string[]).includes(key) ? `${key}Ms` : key] = each;
    return renamed as { [P in keyof T as P extends K ? `${P}Ms` : P]: T[P] };
  };
}

/** A whole number within bounds. */
export const whole = (least: number, most: number) =>
  z
    .int(`a whole number from ${least} to ${most}`)
    .min(least, `at least ${least}`)
    .max(most, `at most ${most}`);

/** Where a URL's path begins: `/api`. */
export const path = z
  .string()
  .regex(/^\/[^\s?#]*$/, 'a path starts with "/" and has no spaces, "?" or "#"; write e.g. /health');
