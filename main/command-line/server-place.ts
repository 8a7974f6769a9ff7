import { exitCodes, Failure } from './failure.ts';

/** What a command line calls a thing of a pool, and how it is written. */
interface PlaceForm {
  readonly what: string;
  readonly form: string;
  readonly example: string;
}

/** Takes `POOL/NAME` apart. Throws a `Failure` of wrong usage. */
export function parsePlace(
  place: string,
  { what, form, example }: PlaceForm,
): { pool: string; name: string } {
  const [pool, name, more] = place.split('/');
  if (pool && name && more === undefined) return { pool, name };
  throw new Failure(`"${place}" names no ${what}; write ${form}, e.g. ${example}`, {
    exitCode: exitCodes.usage,
  });
}
