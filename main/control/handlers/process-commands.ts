import { type Address, formatAddress, isLoopback } from '@shared/config/address.ts';
import type { Config, ServerConfig } from '@shared/config/schema.ts';
import type { Handlers } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { Supervisor } from '../../replicas/supervisor.ts';
import { describeHolder, findPortHolder } from '../port-holder.ts';

interface Surroundings {
  config(): Config;
  readonly supervisor: Supervisor;
  /** Told of a process that Ballast did not start and has just ended. */
  onKilled(server: { pool: string; name: string }, text: string): void;
}

/** Commands about the processes behind the servers. */
export function processCommands({
  config,
  supervisor,
  onKilled,
}: Surroundings): Handlers<'server.kill' | 'server.start'> {
  return {
    'server.kill': async ({ pool, server }) => {
      const { address } = findServer(config(), pool, server);
      const own = supervisor.find(formatAddress(address));
      if (own) return { ...(await supervisor.kill(own.address)), signal: 'SIGKILL' };
      const pid = await killForeign(address);
      onKilled({ pool, name: server }, `The process behind ${server} (pid ${pid}) was ended with SIGKILL`);
      return { pid, signal: 'SIGKILL' };
    },
    'server.start': async ({ pool, server }) => {
      const address = formatAddress(findServer(config(), pool, server).address);
      if (supervisor.find(address)) return await supervisor.start(address);
      throw new ContractError(
        'unsupported',
        `the process behind ${server} was not started by Ballast: start it the way you did before, on ${address}, or list it under replicas`,
      );
    },
  };
}

/** Ends a process of the same user that listens at a loopback address; anything less certain is refused. */
async function killForeign(address: Address): Promise<number> {
  const at = formatAddress(address);
  if (!isLoopback(address.host)) {
    throw new ContractError('unsupported', `${at} is not on this machine; end its process there`);
  }
  const holder = await findPortHolder(address);
  if (!holder) {
    throw new ContractError(
      'not-found',
      `no process of this user was found that listens on ${at}; it may have ended`,
    );
  }
  if (holder.pid === process.pid) {
    throw new ContractError('unsupported', `${at} is Ballast itself; it does not end itself`);
  }
  if (!holder.sameUser) {
    throw new ContractError(
      'not-allowed',
      `${describeHolder(holder)} on ${at} belongs to another user; end it as that user`,
    );
  }
  try {
    process.kill(holder.pid, 'SIGKILL');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ContractError('io-failed', `${describeHolder(holder)} could not be ended: ${reason}`);
  }
  return holder.pid;
}

/** Throws `not-found` with the names there are. */
export function findServer(config: Config, poolName: string, serverName: string): ServerConfig {
  const pool = config.pools.find(({ name }) => name === poolName);
  if (!pool) {
    const pools = config.pools.map(({ name }) => name).join(', ');
    throw new ContractError('not-found', `there is no pool "${poolName}"; there is ${pools}`);
  }
  const server = pool.servers.find(({ name }) => name === serverName);
  if (server) return server;
  const servers = pool.servers.map(({ name }) => name).join(', ');
  throw new ContractError(
    'not-found',
    `pool ${poolName} has no server "${serverName}"; its servers are ${servers}`,
  );
}
