import type { TimeoutsConfig } from '@shared/config/schema.ts';
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../pool/endpoint.ts';
import type { Pool } from '../pool/pool.ts';
import type { Server } from '../pool/server.ts';
import { ConnectionList } from '../sockets/connection-list.ts';
import type { ReadPath } from '../sockets/lane-socket.ts';
import { wheelOf } from '../sockets/timer-wheel.ts';
import { Batching } from './batching.ts';
import { BatchingRecord } from './batching-record.ts';
import { KeepAliveRecord } from './keep-alive-record.ts';
import { ServerConnection } from './server-connection.ts';
import type { ConnectionOwner, ServerUser } from './server-user.ts';

/** Told what the connections of a server do. */
export interface ConnectionsListener {
  /** One is about to be opened. */
  opens(): void;
  /** One is closed because as many others are kept as may be. */
  surplus(): void;
  /** An idle one is about to be closed: nobody has needed it for `timeouts.idle`. */
  unused(): void;
}

/** The kept-alive connections of one server. The one used last is taken first, so that spare ones reach their timeout. */
export class ServerConnections implements ConnectionOwner {
  readonly endpoint: Endpoint;
  /** Most unused connections kept. */
  mostIdle: number;
  /** Requests that may share a connection. */
  readonly batching: Batching;
  readonly #clock: Clock;
  readonly #path: ReadPath;
  readonly #idle: ServerConnection[] = [];
  readonly #open = new ConnectionList<ServerConnection>();
  readonly #told: ConnectionsListener;
  readonly #keepAlive = new KeepAliveRecord();
  #idleMs = 60_000;
  #retired = false;

  constructor(endpoint: Endpoint, clock: Clock, path: ReadPath, mostIdle: number, told: ConnectionsListener) {
    this.endpoint = endpoint;
    this.mostIdle = mostIdle;
    this.#told = told;
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
   * @param repeatable the request may be sent again, should an idle connection turn out dead; otherwise this is called at the
   *   end of a turn, unless there is none idle to trust
   */
  take(user: ServerUser, timeouts: TimeoutsConfig, repeatable: boolean): ServerConnection {
    this.#idleMs = timeouts.idleMs;
    if (this.#idle.length > 0) {
      if (repeatable || this.hasTrusted()) {
        const idle = this.#idle.pop()!;
        idle.reuse(user);
        return idle;
      }
      // The new one will take its place, so their number does not grow; what is left serves requests that may be repeated.
      this.#idle[0]!.destroy();
    }
    return this.openNew(user, timeouts);
  }

  /**
   * One is idle that even a request may go on that must not be sent twice: used so recently that the server is far from giving
   * up on it. Whether it has not been closed already, only the end of the turn tells, see `atTurnEnd`.
   */
  hasTrusted(): boolean {
    const last = this.#idle.at(-1);
    if (last === undefined) return false;
    const now = this.#clock.now();
    // What a server promises in words stands above what it has not shown yet.
    const trustedMs = Math.min(this.#keepAlive.trustedMs(now), last.promisedIdleMs);
    return now - last.idleSince < trustedMs;
  }

  /** A connection that nobody has used. */
  openNew(user: ServerUser, timeouts: TimeoutsConfig): ServerConnection {
    this.#told.opens();
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

  /** Null where none is idle. */
  get idleLongest(): ServerConnection | null {
    return this.#idle[0] ?? null;
  }

  /**
   * Lets running requests finish, closes what is idle, keeps nothing from now on.
   *
   * @param tunnelDrainMs how long switched connections may go on; for good where it is left out
   */
  retire(tunnelDrainMs = Number.POSITIVE_INFINITY): void {
    this.#retired = true;
    for (const connection of [...this.#idle]) connection.destroy();
    if (this.#open.size > 0 && tunnelDrainMs !== Number.POSITIVE_INFINITY)
      this.#clock.after(tunnelDrainMs, () => this.closeTunnels(this.#clock.now()));
  }

  /** Closes the switched connections that began by then; clock's `now()`. */
  closeTunnels(begunBy: number): void {
    for (const connection of this.#open.list())
      if (connection.tunnelSince <= begunBy) connection.user?.tunnelDrained('tunnel-drain');
  }

  /** Nobody will use them. */
  closeIdle(): void {
    for (const connection of [...this.#idle]) connection.destroy();
  }

  /** The server is to be empty by now: ends what it carries, and closes what is idle. */
  endAll(): void {
    this.closeIdle();
    for (const connection of this.#open.list()) connection.drainOver();
  }

  /** The server is somewhere else now: idle connections to where it was are closed. */
  moved(): void {
    for (const connection of [...this.#idle]) if (!this.endpoint.has(connection.host)) connection.destroy();
  }

  released(connection: ServerConnection): void {
    if (this.#retired || !this.endpoint.has(connection.host)) {
      connection.destroy();
      return;
    }
    if (this.mostIdle === 0) {
      connection.destroy(); // as was asked for: no limit was reached
      return;
    }
    if (this.#idle.length >= this.mostIdle) {
      this.#told.surplus();
      this.#idle[0]!.destroy();
    }
    connection.rest(this.#clock.now(), this.#idleMs);
    this.#idle.push(connection);
  }

  closed(connection: ServerConnection): void {
    if (connection.refused) this.#keepAlive.serverGone();
    this.#open.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  gaveUp(connection: ServerConnection): void {
    const now = this.#clock.now();
    this.#keepAlive.closed(now - connection.idleSince, now);
  }

  unused(): void {
    this.#told.unused();
  }

  gotSurplus(): void {
    this.batching.record.batchFailed();
  }
}

/** The server's connections, made with its first request: how they are made and read is up to the lane that it comes by. */
export function connectionsOf(
  server: Server,
  pool: Pool,
  lane: { readonly clock: Clock; readonly path: ReadPath },
): ServerConnections {
  server.connections ??= new ServerConnections(
    server.endpoint,
    lane.clock,
    lane.path,
    pool.config.idleConnections,
    {
      opens: () => pool.makeRoom(),
      surplus: () => pool.limitReached('idle-connections', server),
      unused: () => pool.limitReached('unused-connections', server),
    },
  );
  return server.connections;
}
