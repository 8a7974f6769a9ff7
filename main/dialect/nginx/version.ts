import { ContractError } from '@shared/contract/errors.ts';

/** The nginx that Debian 12 carries, and the oldest that is still met often. */
export const defaultVersion = '1.22';

/** What an nginx can do that an older one cannot. */
export interface NginxFeatures {
  /** As given. */
  readonly version: string;
  /** `sticky cookie` and `drain` in the open-source edition: 1.29.6. */
  readonly hasSticky: boolean;
  /** Kept-alive HTTP/1.1 connections to servers without being told to: 1.29.7. */
  readonly keepsAlive: boolean;
  /** `least_time` in the open-source edition: 1.31.0. */
  readonly hasLeastTime: boolean;
}

/** @param version `1.22`, `1.29.7`; throws `ContractError` `invalid-params` for anything else and for what is older than 1.16 */
export function readVersion(version: string): NginxFeatures {
  const match = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?$/.exec(version);
  if (!match) {
    throw new ContractError(
      'invalid-params',
      `"${version}" is no nginx version; write e.g. ${defaultVersion} or 1.29.7 (nginx -v tells yours)`,
    );
  }
  const number = Number(match[1]) * 1_000_000 + Number(match[2]) * 1_000 + Number(match[3] ?? 0);
  const isAtLeast = (major: number, minor: number, patch: number): boolean =>
    number >= major * 1_000_000 + minor * 1_000 + patch;
  if (!isAtLeast(1, 16, 0)) {
    throw new ContractError(
      'invalid-params',
      `nginx ${version} is too old for this export; use 1.16 or newer`,
    );
  }
  return {
    version,
    hasSticky: isAtLeast(1, 29, 6),
    keepsAlive: isAtLeast(1, 29, 7),
    hasLeastTime: isAtLeast(1, 31, 0),
  };
}
