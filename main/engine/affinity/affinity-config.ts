import type { AffinityConfig } from '@shared/config/schema.ts';

/** A rule that does bind clients. */
export type ActiveAffinityConfig = Exclude<AffinityConfig, { type: 'none' }>;

/** Completes `bound to api-1 by `. */
export function byWhat(config: ActiveAffinityConfig): string {
  switch (config.type) {
    case 'cookie':
      return 'cookie';
    case 'app-cookie':
      return `its cookie ${config.name}`;
    case 'header':
      return `its ${config.header}`;
    case 'client-ip':
      return 'address';
  }
}
