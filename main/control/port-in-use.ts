import { type Address, formatAddress } from '@shared/config/address.ts';
import type { Config } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { ListenerStatus } from '@shared/contract/system-values.ts';
import { describeHolder, findPortHolder } from './port-holder.ts';

/**
 * Says who holds the port that an engine could not bind; any other error is returned as it came.
 * @param bound what the engine listens on now: those are its own and not in its way
 */
export async function namePortHolder(
  error: unknown,
  config: Config,
  bound: readonly ListenerStatus[],
): Promise<unknown> {
  if (!(error instanceof ContractError) || !/EADDRINUSE|in use/i.test(error.message)) return error;
  const own = new Set(bound.map(({ address }) => address));
  const wanted = config.listeners.filter(({ bind }) => bind.port !== 0 && !own.has(formatAddress(bind)));
  // The engine names the listener; should it not, each that is not bound yet is looked at.
  const named = wanted.filter(({ name, bind }) => mentions(error.message, name, bind));
  for (const { name, bind } of named.length > 0 ? named : wanted) {
    const holder = await findPortHolder(bind);
    if (!holder && named.length === 0) continue;
    const who = holder ? describeHolder(holder) : 'a process that this user may not look at';
    const message = `port ${bind.port} on ${bind.host} is held by ${who}; stop it, or write another port for listener ${name}`;
    const path = ['listeners', config.listeners.findIndex((each) => each.name === name), 'bind'];
    return new ContractError('unavailable', message, [{ path, message }]);
  }
  return error;
}

function mentions(message: string, name: string, bind: Address): boolean {
  return message.includes(formatAddress(bind)) || new RegExp(`\\b${escapeRegExp(name)}\\b`).test(message);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
