import { type ContractClient, connect } from '@shared/contract/client.ts';
import type { CommandName, CommandParams, CommandResult } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { setConnection, useConnection } from '../store/connection.ts';
import type { OpenedChannel } from './websocket-channel.ts';

const firstRetryMs = 400;
const longestRetryMs = 8_000;

interface Control {
  client: ContractClient | undefined;
  retry: () => void;
}
const control: Control = { client: undefined, retry: () => {} };

export interface ControlOptions {
  readonly open: () => OpenedChannel;
  readonly token: string | undefined;
  /** Called with each new client: subscribe here. */
  readonly onClient: (client: ContractClient) => void;
}

/** Connects, and connects again with growing pauses whenever the connection is lost. Where things stand is in `useConnection`. */
export function startControl({ open, token, onClient }: ControlOptions): void {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const attempt = async (): Promise<void> => {
    clearTimeout(timer);
    const before = useConnection.getState().state;
    if (before.phase !== 'lost') setConnection({ phase: 'connecting' });
    const opened = open();
    try {
      const client = await connect(opened.channel, token === undefined ? {} : { token });
      failures = 0;
      control.client = client;
      setConnection({ phase: 'connected', version: client.version, capabilities: client.capabilities });
      client.onClose((reason) => {
        control.client = undefined;
        again(reason);
      });
      onClient(client);
    } catch (error) {
      const reason = error instanceof ContractError ? error.message : String(error);
      if (opened.wasTurnedAway())
        setConnection({ phase: 'turned-away', hadToken: token !== undefined, reason });
      else again(reason);
    }
  };
  const again = (reason: string): void => {
    const pauseMs = Math.min(longestRetryMs, firstRetryMs * 2 ** failures);
    failures += 1;
    setConnection({ phase: 'lost', reason, retryAtMs: Date.now() + pauseMs });
    clearTimeout(timer);
    timer = setTimeout(attempt, pauseMs);
  };

  control.retry = () => void attempt();
  // A laptop that wakes, a tab that is looked at again: do not sit out the pause.
  window.addEventListener('online', () => useConnection.getState().state.phase === 'lost' && control.retry());
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && useConnection.getState().state.phase === 'lost') control.retry();
  });
  void attempt();
}

/** Tries to connect at once instead of after the pause. */
export function retryNow(): void {
  control.retry();
}

/** Sends a command. Rejects with a `ContractError`, `unavailable` while there is no connection. */
export function call<N extends CommandName>(name: N, params: CommandParams<N>): Promise<CommandResult<N>> {
  if (control.client) return control.client.call(name, params);
  return Promise.reject(
    new ContractError('unavailable', 'Ballast is not connected: nothing was changed. Try again once it is.'),
  );
}
