import { z } from 'zod';
import type { ConfigProblem } from '../config/parse.ts';

/** The closed set of reasons for which a command is refused. */
export const errorCodes = [
  'unknown-command',
  'unknown-topic',
  'invalid-params',
  'invalid-config',
  'not-allowed',
  'not-found',
  'conflict',
  'unsupported',
  'unavailable',
  'io-failed',
  'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export const contractErrorSchema = z.object({
  code: z.enum(errorCodes),
  /** What is wrong and what to do next, for a person. */
  message: z.string(),
  /** The places in the configuration, for `invalid-config`. */
  problems: z
    .array(z.custom<ConfigProblem>((value) => typeof value === 'object' && value !== null))
    .optional(),
});
export type ContractErrorData = z.infer<typeof contractErrorSchema>;

/** A refusal that travels: thrown by a handler, received by the caller with the same code and message. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code: ErrorCode;
  readonly problems: readonly ConfigProblem[] | undefined;

  constructor(code: ErrorCode, message: string, problems?: readonly ConfigProblem[]) {
    super(message);
    this.code = code;
    this.problems = problems;
  }

  toData(): ContractErrorData {
    return { code: this.code, message: this.message, ...(this.problems && { problems: [...this.problems] }) };
  }
}
