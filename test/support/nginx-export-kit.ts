import type { Config, ConfigInput } from '@shared/config/schema.ts';
import { renderNginx } from '../../main/dialect/nginx/render.ts';
import { configOf } from './config-of.ts';

/** One listener before a pool `api` of three servers: one with a weight, one that takes no new clients, one backup with a limit. */
export function configWith(
  pool: Partial<ConfigInput['pools'][number]> = {},
  rest: Partial<ConfigInput> = {},
): Config {
  return configOf({
    listeners: [{ name: 'web', bind: '127.0.0.1:8080', pool: 'api' }],
    pools: [
      {
        name: 'api',
        servers: [
          { address: '127.0.0.1:3001', weight: 5 },
          { address: '[::1]:3002', weight: 0 },
          { address: '127.0.0.1:3003', backup: true, maxRequests: 7 },
        ],
        ...pool,
      },
    ],
    ...rest,
  });
}

/** What the export says of the pool `api`, line by line and without remarks. */
export function upstreamOf(config: Config, targetVersion?: string): string[] {
  const { text } = renderNginx(config, { targetVersion });
  return /upstream api \{\n([^}]*)\}/
    .exec(text)![1]!
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/\s+#.*/, ''));
}

/** What the export says it lost or does otherwise: `lost: Pool api: …`. */
export function notesOf(config: Config, targetVersion?: string): string[] {
  return renderNginx(config, { targetVersion }).notes.map(({ level, message }) => `${level}: ${message}`);
}
