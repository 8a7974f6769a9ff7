import type { ContractClient } from '@shared/contract/client.ts';
import { Failure } from './failure.ts';
import type { Output } from './output.ts';
import { untilInterrupted } from './running.ts';

/** Says that not everything could be shown; a program reads the gap from what it gets. */
export function dropNote(output: Output, dropped: number, what: string): void {
  if (!output.json) output.note(`${dropped} ${what} came too fast to be shown`);
}

/** Resolves when the person ends the command; refuses where Ballast does. */
export async function untilEnd(client: ContractClient): Promise<void> {
  if ((await untilInterrupted(client)) === 'closed') throw new Failure('Ballast has stopped');
}
