import { call } from '../../connection/control.ts';
import { refused } from '../../connection/run.ts';
import { dropExpectedWeight, expectWeight, useConfig } from '../../store/config.ts';

/** Presses of the stepper within this time are one edit: one line in the file, one undo. */
const settleMs = 280;
const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** Shows the weight at once, and takes it back when Ballast refuses it. */
export function setWeight(id: string, weight: number): void {
  const record = useConfig.getState().servers[id];
  if (!record) return;
  expectWeight(id, weight);
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => {
      timers.delete(id);
      void send(id, record.pool, record.name, weight);
    }, settleMs),
  );
}

async function send(id: string, pool: string, server: string, weight: number): Promise<void> {
  if (useConfig.getState().servers[id]?.weight === weight) return forget(id, weight);
  try {
    const { revision } = await call('server.set-weight', { pool, server, weight });
    await configured(revision);
    forget(id, weight);
  } catch (error) {
    forget(id, weight);
    refused(`Weight of ${server} not changed`, error);
  }
}

/** Unless another weight was set meanwhile. */
function forget(id: string, weight: number): void {
  if (useConfig.getState().pendingWeights[id] === weight) dropExpectedWeight(id);
}

/** Resolves once the configuration here is of that revision or later, or after a while if it never comes. */
function configured(revision: number): Promise<void> {
  const isThere = () => (useConfig.getState().revision ?? 0) >= revision;
  if (isThere()) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      stop();
      clearTimeout(timer);
      resolve();
    };
    const stop = useConfig.subscribe(() => isThere() && finish());
    const timer = setTimeout(finish, 3_000);
  });
}
