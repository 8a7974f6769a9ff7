import { connect } from 'node:net';
import { parseAddress } from '@shared/config/address.ts';

/** Whether something accepts connections at a loopback address now. Waits at most a second for the answer. */
export function acceptsConnection(address: string): Promise<boolean> {
  const parsed = parseAddress(address);
  if (!parsed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ host: parsed.host, port: parsed.port });
    const done = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
