import type { Channel, Unsubscribe } from './channel.ts';
import type { CommandName, CommandParams, CommandResult } from './commands.ts';
import { ContractError } from './errors.ts';
import { type Capability, type ClientFrame, protocolVersion, serverFrameSchema } from './frames.ts';
import type { LogEntries, SampleValues, StateValues, TopicOfKind } from './topics.ts';

export interface StateListener<V> {
  /** The whole truth at this moment: forget what was known before. */
  onSnapshot(entries: readonly (readonly [string, V])[]): void;
  onChange(set: readonly (readonly [string, V])[], removed: readonly string[]): void;
}

export interface LogBatch<E> {
  readonly entries: readonly E[];
  /** Pass as `since` to go on from here after a reconnect. */
  readonly cursor: number;
  /** Entries between the last batch and this one that nobody will see: they came faster than they could be sent. */
  readonly dropped: number;
}

type ValueOf<T> = T[keyof T];

/** The caller's end of the contract over any channel. */
export interface ContractClient {
  readonly version: string;
  readonly capabilities: readonly Capability[];
  /** Rejects with a `ContractError`; `unavailable` when the connection is gone. */
  call<N extends CommandName>(name: N, params: CommandParams<N>): Promise<CommandResult<N>>;
  state<N extends TopicOfKind<'state'>>(
    topic: N,
    listener: StateListener<ValueOf<StateValues[N]>>,
  ): Unsubscribe;
  /** The next sample is sent only after the listener has returned. */
  sample<N extends TopicOfKind<'sample'>>(topic: N, listener: (value: SampleValues[N]) => void): Unsubscribe;
  log<N extends TopicOfKind<'log'>>(
    topic: N,
    listener: (batch: LogBatch<LogEntries[N]>) => void,
    since?: number,
  ): Unsubscribe;
  onClose(listener: (reason: string) => void): Unsubscribe;
  close(): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: ContractError): void;
}

/** Says hello and resolves with a client once welcomed. Rejects when the channel closes first (a wrong token, say). */
export function connect(channel: Channel, options: { token?: string } = {}): Promise<ContractClient> {
  const waiting = new Map<number, Waiting>();
  // One subscription per topic on the wire; what arrives is handed to the listener as it came.
  const listeners = new Map<string, (frame: Incoming) => void>();
  let lastId = 0;
  let closed: string | undefined;

  const send = (frame: ClientFrame): void => channel.send(frame);
  const request = (make: (id: number) => ClientFrame): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (closed !== undefined) return reject(new ContractError('unavailable', `not connected: ${closed}`));
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      send(make(id));
    });

  const subscribe = (topic: string, listener: (frame: Incoming) => void, since?: number): Unsubscribe => {
    if (listeners.has(topic)) throw new Error(`already subscribed to ${topic}: share that subscription`);
    listeners.set(topic, listener);
    request((id) => ({ type: 'subscribe', id, topic, ...(since !== undefined && { since }) })).catch(() => {
      listeners.delete(topic);
    });
    return () => {
      if (!listeners.delete(topic) || closed !== undefined) return;
      send({ type: 'unsubscribe', topic });
    };
  };

  return new Promise((resolve, reject) => {
    channel.onClose((reason) => {
      closed = reason;
      const gone = new ContractError('unavailable', `the connection to Ballast closed: ${reason}`);
      reject(gone);
      for (const each of waiting.values()) each.reject(gone);
      waiting.clear();
      listeners.clear();
    });

    channel.onFrame((data) => {
      const parsed = serverFrameSchema.safeParse(data);
      if (!parsed.success) return channel.close('a frame could not be understood');
      const frame = parsed.data;
      switch (frame.type) {
        case 'welcome':
          return resolve(client(frame.version, frame.capabilities));
        case 'result':
          waiting.get(frame.id)?.resolve(frame.value);
          waiting.delete(frame.id);
          return;
        case 'refusal': {
          const { code, message, problems } = frame.error;
          waiting.get(frame.id)?.reject(new ContractError(code, message, problems));
          waiting.delete(frame.id);
          return;
        }
        default:
          listeners.get(frame.topic)?.(frame);
      }
    });

    send({
      type: 'hello',
      protocol: protocolVersion,
      ...(options.token !== undefined && { token: options.token }),
    });
  });

  function client(version: string, capabilities: readonly Capability[]): ContractClient {
    return {
      version,
      capabilities,
      call: (name, params) => request((id) => ({ type: 'command', id, name, params })) as never,
      state: (topic, listener) =>
        subscribe(topic, (frame) => {
          if (frame.type === 'snapshot') listener.onSnapshot(frame.entries as never);
          else if (frame.type === 'change') listener.onChange(frame.set as never, frame.remove);
        }),
      sample: (topic, listener) =>
        subscribe(topic, (frame) => {
          if (frame.type !== 'sample') return;
          listener(frame.value as never);
          send({ type: 'ack', topic, sequence: frame.sequence });
        }),
      log: (topic, listener, since) =>
        subscribe(
          topic,
          (frame) => {
            if (frame.type !== 'log') return;
            listener({ entries: frame.entries as never, cursor: frame.cursor, dropped: frame.dropped });
          },
          since,
        ),
      onClose: (listener) => channel.onClose(listener),
      close: () => channel.close('closed by the caller'),
    };
  }
}

type Incoming = Extract<
  ReturnType<typeof serverFrameSchema.parse>,
  { type: 'snapshot' | 'change' | 'sample' | 'log' }
>;
