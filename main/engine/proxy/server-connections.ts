import type { Address } from '@shared/config/address.ts';
import type { TimeoutsConfig } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import type { ReadPath } from '../http1/lane-socket.ts';
import { wheelOf } from '../http1/timer-wheel.ts';
import { Batching } from './batching.ts';
import { BatchingRecord } from './batching-record.ts';
import { ServerConnection } from './server-connection.ts';
import type { ConnectionOwner, ServerUser } from './server-user.ts';

/** A request that cannot be repeated only goes on a connection used this recently: the server cannot have given up on it yet. */
const freshEnoughMs = 10;

/** The kept-alive connections of one server. The one used last is taken first, so that spare ones reach their timeout. */
export class ServerConnections implements ConnectionOwner {
  readonly address: Address;
  /** Requests that may share a connection. */
  readonly batching: Batching;
  readonly #clock: Clock;
  readonly #path: ReadPath;
  readonly #idle: ServerConnection[] = [];
  readonly #open = new Set<ServerConnection>();
  #idleMs = 60_000;
  #retired = false;

  constructor(address: Address, clock: Clock, path: ReadPath) {
    this.address = address;
    this.#clock = clock;
    this.#path = path;
    this.batching = new Batching(this, new BatchingRecord(clock));
  }

  /** Open connections, idle ones included. */
  get count(): number {
    return this.#open.size;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /**
   * A connection for a request: an idle one, or a new one that calls `user.connected()` when it is there.
   *
   * @param repeatable the request may be sent again, should an idle connection turn out dead
   */
  take(user: ServerUser, timeouts: TimeoutsConfig, repeatable: boolean): ServerConnection {
    this.#idleMs = timeouts.idleMs;
    const idle = this.#idle.pop();
    if (idle) {
      if (repeatable || this.#clock.now() - idle.idleSince < freshEnoughMs) {
        idle.reuse(user);
        return idle;
      }
      // The new connection will take its place, so their number does not grow.
      idle.destroy();
    }
    return this.openNew(user, timeouts);
  }

  /** A connection that nobody has used. */
  openNew(user: ServerUser, timeouts: TimeoutsConfig): ServerConnection {
    const connection = new ServerConnection(
      this,
      user,
      this.#clock,
      wheelOf(this.#clock),
      timeouts.connectMs,
      this.#path,
    );
    this.#open.add(connection);
    return connection;
  }

  /** Closes up to so many that are idle, the longest idle first. Returns how many. */
  closeIdle(most: number): number {
    const count = Math.min(most, this.#idle.length);
    for (let closed = 0; closed < count; closed++) this.#idle[0]!.destroy();
    return count;
  }

  /** Lets running requests finish, closes what is idle, keeps nothing from now on. */
  retire(): void {
    this.#retired = true;
    for (const connection of [...this.#idle]) connection.destroy();
  }

  released(connection: ServerConnection): void {
    if (this.#retired) {
      connection.destroy();
      return;
    }
    connection.rest(this.#clock.now(), this.#idleMs);
    this.#idle.push(connection);
  }

  closed(connection: ServerConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  gotSurplus(): void {
    this.batching.record.batchFailed();
  }
}
