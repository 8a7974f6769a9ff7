import type { ContractClient } from '@shared/contract/client.ts';
import { exitCodes, Failure } from './failure.ts';
import type { Output } from './output.ts';
import { type ChooseOptions, withRunning } from './running.ts';
import { whyLines } from './why-lines.ts';

export interface WhyOptions extends ChooseOptions {
  readonly lastFailed?: boolean;
  readonly lastRetried?: boolean;
}

/** Why a request went where it went. */
export async function why(output: Output, id: string | undefined, options: WhyOptions): Promise<void> {
  const { lastFailed = false, lastRetried = false } = options;
  if ([id !== undefined && id.trim() !== '', lastFailed, lastRetried].filter(Boolean).length !== 1) {
    throw new Failure(
      'name one request: its id ("ballast requests" lists them, the response field x-ballast-request has it), or --last-failed, or --last-retried',
      { exitCode: exitCodes.usage },
    );
  }
  await withRunning(options, async (client) => {
    const wanted = id === undefined ? await last(client, lastFailed ? 'failed' : 'retried') : idOf(id);
    const detail = await client.call('request.get', { id: wanted });
    if (output.json) return output.object(detail);
    for (const line of whyLines(detail, output.paint)) output.line(line);
  });
}

/** Of a response's field that was pasted as a whole, too. */
function idOf(text: string): string {
  return text.replace(/^x-ballast-request:/i, '').trim();
}

async function last(client: ContractClient, only: 'failed' | 'retried'): Promise<string> {
  const { requests } = await client.call('request.list', { limit: 1, only });
  const [newest] = requests;
  if (newest) return newest.id;
  throw new Failure(
    only === 'failed'
      ? 'no request has failed for its client, as far as the journal goes back'
      : 'no request has needed more than one attempt, as far as the journal goes back',
  );
}
