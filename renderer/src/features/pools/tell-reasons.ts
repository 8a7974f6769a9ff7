import type { UnavailableReason } from '@shared/contract/server-values.ts';

/** Names while there are few, counts when there are many: `8 unhealthy, 2 draining`. */
export function tellReasons(
  servers: readonly { readonly name: string; readonly reason: UnavailableReason }[],
): string {
  if (servers.length <= 4) return servers.map(({ name, reason }) => `${name} ${words[reason]}`).join(', ');
  const counts = new Map<UnavailableReason, number>();
  for (const { reason } of servers) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const [[only] = [undefined]] = counts;
  if (counts.size === 1 && only) return `each of its ${servers.length} servers ${words[only]}`;
  return `of its ${servers.length} servers ${[...counts].map(([reason, count]) => `${count} ${count === 1 ? words[reason] : plurals[reason]}`).join(', ')}`;
}

const words: Record<UnavailableReason, string> = {
  maintenance: 'is in maintenance',
  drain: 'is draining',
  drained: 'is drained',
  unhealthy: 'is unhealthy',
  ejected: 'is ejected',
  full: 'is full',
  'weight-zero': 'has weight 0',
  priority: 'waits behind a better priority',
  backup: 'is a backup',
  tried: 'was tried',
  'circuit-open': 'is behind an open circuit',
};

const plurals: Record<UnavailableReason, string> = {
  maintenance: 'are in maintenance',
  drain: 'are draining',
  drained: 'are drained',
  unhealthy: 'are unhealthy',
  ejected: 'are ejected',
  full: 'are full',
  'weight-zero': 'have weight 0',
  priority: 'wait behind a better priority',
  backup: 'are backups',
  tried: 'were tried',
  'circuit-open': 'are behind an open circuit',
};
