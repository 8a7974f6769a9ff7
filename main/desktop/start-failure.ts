import { ContractError } from '@shared/contract/errors.ts';

/** What a person reads in the dialog: the message, and the places in the file. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof ContractError)) return error instanceof Error ? error.message : String(error);
  const places = (error.problems ?? [])
    .slice(0, 8)
    .map(({ line, column, message }) =>
      line === undefined ? message : `line ${line}:${column ?? 1}  ${message}`,
    );
  return [error.message, ...places].join('\n');
}
