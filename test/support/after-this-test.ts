import { afterEach } from 'vitest';

const endings: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Ends what a test has started, whatever became of the test; what was started last goes first. */
export function afterThisTest(end: () => Promise<unknown> | unknown): void {
  endings.push(end);
}
