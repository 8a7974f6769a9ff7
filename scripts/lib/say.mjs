/** @param {string} line */
export function say(line) {
  console.error(`ballast: ${line}`);
}

/**
 * Tells what went wrong and ends with a failure.
 * @param {unknown} error
 * @returns {never}
 */
export function fail(error) {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
