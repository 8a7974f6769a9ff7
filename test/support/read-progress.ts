import { formatAddress } from '@shared/config/address.ts';
import { ClientConnection } from '../../main/engine/listener/client-connection.ts';
import type { ClientContext } from '../../main/engine/listener/client-context.ts';
import { ServerConnection } from '../../main/engine/proxy/server-connection.ts';
import { ServerConnections } from '../../main/engine/proxy/server-connections.ts';

/**
 * How many bytes the lane has read, by the address that the connection leads to: so that a second write is surely another
 * read. Looks on only; what is read goes its ordinary way.
 */
class ReadProgress {
  readonly #counts = new Map<string, number>();
  readonly #waiters = new Map<string, { bytes: number; resolve: () => void }>();

  noteRead(address: string, length: number): void {
    const count = this.of(address) + length;
    this.#counts.set(address, count);
    const waiter = this.#waiters.get(address);
    if (waiter && count >= waiter.bytes) this.wake(address);
  }

  of(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  /** Resolves when so many bytes have been read, or when somebody wakes it. */
  reaches(address: string, bytes: number): Promise<void> | undefined {
    if (this.of(address) >= bytes) return undefined;
    return new Promise((resolve) => this.#waiters.set(address, { bytes, resolve }));
  }

  wake(address: string): void {
    const waiter = this.#waiters.get(address);
    this.#waiters.delete(address);
    waiter?.resolve();
  }
}

/** By the address of the listener. */
export const readFromClients = new ReadProgress();
/** By the address of the server. */
export const readFromServers = new ReadProgress();

const clientRead = ClientConnection.prototype.bytesRead;
ClientConnection.prototype.bytesRead = function (bytes, length) {
  clientRead.call(this, bytes, length);
  const { authority } = Reflect.get(this, 'context') as ClientContext;
  readFromClients.noteRead(authority, length);
};

const addresses = new WeakMap<ServerConnection, string>();
const { openNew } = ServerConnections.prototype;
ServerConnections.prototype.openNew = function (user, timeouts) {
  const connection = openNew.call(this, user, timeouts);
  addresses.set(connection, formatAddress(this.endpoint.address));
  return connection;
};
const serverRead = ServerConnection.prototype.bytesRead;
ServerConnection.prototype.bytesRead = function (bytes, length) {
  serverRead.call(this, bytes, length);
  readFromServers.noteRead(addresses.get(this) ?? '', length);
};
