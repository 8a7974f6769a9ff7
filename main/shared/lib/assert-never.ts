/** Ends a `switch` over a closed set: a missing case does not compile, and throws if data lied about its type. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}
