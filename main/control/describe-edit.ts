import { assertNever } from '@shared/lib/assert-never.ts';
import type { DocumentEdit } from '../workspace/document.ts';

/** What a change did, for the event log: `Weight of api/api-1 set to 5`. */
export function describeEdit(edit: DocumentEdit): string {
  switch (edit.kind) {
    case 'server.add':
      return `Server ${edit.name ?? edit.address} added to pool ${edit.pool}`;
    case 'server.remove':
      return `Server ${edit.server} removed from pool ${edit.pool}`;
    case 'server.move':
      return edit.pool === edit.toPool
        ? `Server ${edit.server} moved within pool ${edit.pool}`
        : `Server ${edit.server} moved from pool ${edit.pool} to pool ${edit.toPool}`;
    case 'server.set-weight':
      return `Weight of ${edit.pool}/${edit.server} set to ${edit.weight}`;
    case 'pool.add':
      return `Pool ${edit.name} added`;
    case 'pool.remove':
      return `Pool ${edit.pool} removed`;
    case 'pool.set-strategy':
      return `Strategy of pool ${edit.pool} set to ${edit.strategy}`;
    case 'pool.set-affinity':
      return `Affinity of pool ${edit.pool} set to ${edit.affinity}`;
    case 'pool.set-batching':
      return `Batching of pool ${edit.pool} set to ${edit.batching}`;
    case 'listener.set-pool':
      return `Listener ${edit.listener} leads to pool ${edit.pool}`;
    default:
      return assertNever(edit);
  }
}
