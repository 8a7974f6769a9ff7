/** `pool-2`, or the next number that is free. */
export function freeName(taken: readonly string[]): string {
  for (let number = taken.length + 1; ; number++) {
    const name = `pool-${number}`;
    if (!taken.includes(name)) return name;
  }
}

/** What is wrong with the name of a new pool; undefined where nothing is. */
export function checkName(name: string, taken: readonly string[]): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name))
    return 'A name is letters, digits, ".", "_" or "-", 63 at most; write e.g. canary';
  return taken.includes(name) ? `There is a pool called ${name}; give this one another name` : undefined;
}
