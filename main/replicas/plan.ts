import { resolve } from 'node:path';
import { formatAddress, isLoopback } from '@shared/config/address.ts';
import type { Config, ReplicaConfig } from '@shared/config/schema.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { splitCommand } from '@shared/lib/command-line.ts';

/** One process to run. */
export interface ReplicaPlan {
  readonly group: string;
  /** `api-1`, `api-2`…: the group's name and a number. */
  readonly id: string;
  /** `127.0.0.1:41001`. */
  readonly address: string;
  readonly command: { readonly file: string; readonly args: readonly string[] };
  /** Added to this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface PlanOptions {
  /** Folder of the file: a group's `cwd` is relative to it. */
  readonly baseDir: string;
  /** Processes that exist already; they keep their address when servers are dragged elsewhere. `Supervisor.statuses()` fits. */
  readonly running: readonly { readonly id: string; readonly group: string; readonly address: string }[];
}

/**
 * Which processes the configuration asks for. Throws `ContractError` `invalid-config` for a command that cannot be read.
 * An address that two groups could back belongs to the first; addresses of other machines are nobody's.
 */
export function planReplicas(config: Config, options: PlanOptions): ReplicaPlan[] {
  const taken = new Set<string>();
  return config.replicas.flatMap((group) => {
    const command = splitCommand(group.command);
    if (!command) {
      throw new ContractError(
        'invalid-config',
        `the command of replica group ${group.name} cannot be read: ${group.command}; close its quotes`,
      );
    }
    const [file, ...args] = command;
    const own = options.running.filter((replica) => replica.group === group.name);
    const addresses = addressesOf(config, group, own).filter((address) => !taken.has(address));
    for (const address of addresses) taken.add(address);
    return name(group, addresses, own).map(({ id, address }) => ({
      group: group.name,
      id,
      address,
      command: { file, args },
      env: {
        ...group.env,
        BALLAST_REPLICA: id,
        [group.portEnv]: address.slice(address.lastIndexOf(':') + 1),
      },
      cwd: resolve(options.baseDir, group.cwd ?? '.'),
    }));
  });
}

type Running = PlanOptions['running'];

function addressesOf(config: Config, group: ReplicaConfig, own: Running): string[] {
  if (group.ports) return [...new Set(group.ports)].map((port) => `127.0.0.1:${port}`);
  const everywhere = new Set(
    config.pools.flatMap(({ servers }) => servers.map(({ address }) => formatAddress(address))),
  );
  const ofPool = (config.pools.find(({ name }) => name === group.pool)?.servers ?? [])
    .filter(({ address }) => isLoopback(address.host))
    .map(({ address }) => formatAddress(address));
  // A process goes on behind its server wherever that was dragged to.
  const kept = own.map(({ address }) => address).filter((address) => everywhere.has(address));
  const wanted = [...new Set([...kept, ...ofPool])];
  return group.count === undefined ? wanted : wanted.slice(0, group.count);
}

/** Running processes keep their id; new ones get the lowest numbers that are free, in order. */
function name(
  group: ReplicaConfig,
  addresses: readonly string[],
  own: Running,
): { id: string; address: string }[] {
  const ids = new Map(own.map(({ id, address }) => [address, id]));
  const used = new Set(addresses.map((address) => ids.get(address)));
  let number = 0;
  return addresses.map((address) => {
    const known = ids.get(address);
    if (known !== undefined) return { id: known, address };
    do number++;
    while (used.has(`${group.name}-${number}`));
    return { id: `${group.name}-${number}`, address };
  });
}
