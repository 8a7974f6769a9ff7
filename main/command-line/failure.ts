import type { ConfigProblem } from '@shared/config/parse.ts';
import { ContractError, type ErrorCode } from '@shared/contract/errors.ts';

/** What the process ends with. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** An end that is told in a sentence and not in a stack. */
export class Failure extends Error {
  readonly exitCode: number;
  readonly problems: readonly ConfigProblem[];
  /** The file that the problems are in. */
  readonly file: string | undefined;

  constructor(
    message: string,
    options: { exitCode?: number; problems?: readonly ConfigProblem[]; file?: string } = {},
  ) {
    super(message);
    this.exitCode = options.exitCode ?? exitCodes.failed;
    this.problems = options.problems ?? [];
    this.file = options.file;
  }
}

/** Refusals that say that something else should have been written, on the command line or in the file, or could not be. */
const usageCodes: readonly ErrorCode[] = [
  'invalid-params',
  'not-found',
  'unsupported',
  'unknown-command',
  'invalid-config',
  'io-failed',
];

/** A refusal by the running Ballast, as an end of this process. */
export function refusal(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof ContractError)) {
    return new Failure(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const exitCode = usageCodes.includes(error.code) ? exitCodes.usage : exitCodes.failed;
  return new Failure(error.message, { exitCode, problems: error.problems ?? [] });
}
