import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const alias = { '@shared': fileURLToPath(new URL('./main/shared', import.meta.url)) };

/** Vitest leaves one processor free: of two it would use one, and much of a test's time is waiting. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

/**
 * One project per kind of test, from the quickest to the one that opens a browser, and one after the other: two of them at once would
 * take each other's time, and have different numbers of workers.
 */
export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          sequence: { groupOrder: 0 },
          maxWorkers,
          // The longest run a second; others may be using this machine.
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          sequence: { groupOrder: 1 },
          maxWorkers,
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/build-once.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'threads',
          sequence: { groupOrder: 2 },
          include: ['test/threads/**/*.test.ts'],
          globalSetup: ['test/support/build-once.ts'],
          testTimeout: 60_000,
          hookTimeout: 30_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          sequence: { groupOrder: 3 },
          include: ['test/chaos/**/*.test.ts'],
          // Much of their time is waiting for timeouts and for processes.
          maxWorkers: 3,
          globalSetup: ['test/support/build-once.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          sequence: { groupOrder: 4 },
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/build-once.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          // Each has a browser, a Ballast and its servers: two make use of two processors, and more would wait for each other.
          maxWorkers: 2,
        },
      },
    ],
  },
});
