import { isIP } from 'node:net';
import type { Address } from '@shared/config/address.ts';

/**
 * Where to connect to for a server: its address as it stands in the file, or what its name means just now. A name may mean
 * several addresses (`localhost` means both `::1` and `127.0.0.1`, and a server often listens on one of them only): the one
 * that was reached last is asked first, and the others after it before the attempt counts as failed.
 */
export class Endpoint {
  readonly address: Address;
  readonly isName: boolean;
  /** Why the name has no address; null where it has one. */
  problem: string | null;
  #hosts: readonly string[];
  #preferred = 0;

  constructor(address: Address) {
    this.address = address;
    this.isName = isIP(address.host) === 0;
    this.#hosts = this.isName ? [] : [address.host];
    this.problem = this.isName ? `the name ${address.host} has not been looked up yet` : null;
  }

  /** IP addresses, the one to ask first at the front; empty for a name that means nothing. */
  get hosts(): readonly string[] {
    if (this.#preferred === 0) return this.#hosts;
    return [...this.#hosts.slice(this.#preferred), ...this.#hosts.slice(0, this.#preferred)];
  }

  /** Number of `hosts`. */
  get count(): number {
    return this.#hosts.length;
  }

  /** The one to ask first. */
  get host(): string | undefined {
    return this.#hosts[this.#preferred];
  }

  /** True where these are others than before. */
  resolved(hosts: readonly string[]): boolean {
    this.problem = null;
    const before = this.#hosts;
    if (before.length === hosts.length && hosts.every((host) => before.includes(host))) return false;
    const preferred = this.host;
    this.#hosts = [...hosts];
    this.#preferred = preferred === undefined ? 0 : Math.max(0, this.#hosts.indexOf(preferred));
    return true;
  }

  /** The name means nothing just now: what it meant before stays good. */
  unresolved(problem: string): void {
    if (this.#hosts.length === 0) this.problem = problem;
  }

  /** Nobody could be reached there: the next one is asked first from now on. */
  failed(host: string): void {
    if (this.host === host && this.#hosts.length > 1)
      this.#preferred = (this.#preferred + 1) % this.#hosts.length;
  }

  reached(host: string): void {
    const at = this.#hosts.indexOf(host);
    if (at >= 0) this.#preferred = at;
  }

  has(host: string): boolean {
    return this.#hosts.includes(host);
  }
}
