import type { z } from 'zod';
import type { Channel } from './channel.ts';
import { type CommandName, commands, type Handlers } from './commands.ts';
import { ContractError } from './errors.ts';
import {
  type Capability,
  type ClientFrame,
  clientFrameSchema,
  protocolVersion,
  type ServerFrame,
} from './frames.ts';
import type { Publisher, Publishers, Subscriber, Subscription } from './publisher.ts';

/** Most commands of one caller that may wait for their answer at once. */
const pendingLimit = 256;

export interface ServeOptions {
  /** Of Ballast, told to the caller in `welcome`. */
  readonly version: string;
  /** What this caller may do; or a function that decides by its token, and returns null to turn it away. */
  readonly grant: readonly Capability[] | ((token: string | undefined) => readonly Capability[] | null);
  /** A command without a handler here is refused as `unsupported`. */
  readonly handlers: Partial<Handlers<CommandName>>;
  readonly topics: Publishers;
  /** Told what a person looking for a fault in Ballast needs: the stack of an unexpected error. */
  readonly log: (text: string) => void;
}

export interface ServedChannel {
  /** True once the caller has said hello and been let in. */
  readonly welcomed: boolean;
  close(reason: string): void;
}

/**
 * Answers one caller. Its first frame must be `hello`; a frame that does not follow the contract closes this channel and
 * touches nothing else. A refused command or subscription is always answered.
 */
export function serveContract(channel: Channel, options: ServeOptions): ServedChannel {
  const subscriptions = new Map<string, Subscription>();
  const pending = new Set<number>();
  let granted: readonly Capability[] | undefined;
  let open = true;

  const send = (frame: ServerFrame): void => {
    if (open) channel.send(frame);
  };
  const subscriber: Subscriber = { send, congested: () => channel.congested?.() ?? false };
  const refuse = (id: number, error: ContractError): void =>
    send({ type: 'refusal', id, error: error.toData() });

  channel.onClose(() => {
    open = false;
    for (const subscription of subscriptions.values()) subscription.end();
    subscriptions.clear();
  });

  channel.onFrame((data) => {
    if (!open) return;
    const parsed = clientFrameSchema.safeParse(data);
    if (!parsed.success) return channel.close('a frame could not be understood');
    const frame = parsed.data;
    if (granted === undefined) return greet(frame);
    switch (frame.type) {
      case 'hello':
        return channel.close('hello is said once');
      case 'command':
        return void answer(frame, granted);
      case 'subscribe':
        return subscribe(frame, granted);
      case 'unsubscribe':
        subscriptions.get(frame.topic)?.end();
        subscriptions.delete(frame.topic);
        return;
      case 'ack':
        return subscriptions.get(frame.topic)?.acknowledge(frame.sequence);
    }
  });

  function greet(frame: ClientFrame) {
    if (frame.type !== 'hello') return channel.close('the first frame must be hello');
    if (frame.protocol !== protocolVersion) {
      return channel.close(
        `this Ballast speaks protocol ${protocolVersion}, the caller ${frame.protocol}: reload or update it`,
      );
    }
    const { grant, version } = options;
    const capabilities = typeof grant === 'function' ? grant(frame.token) : grant;
    if (capabilities === null)
      return channel.close('the token is not valid: use the address Ballast printed');
    granted = capabilities;
    send({ type: 'welcome', protocol: protocolVersion, version, capabilities: [...capabilities] });
  }

  async function answer(
    frame: Extract<ClientFrame, { type: 'command' }>,
    held: readonly Capability[],
  ): Promise<void> {
    const { id, name } = frame;
    if (pending.has(id)) return channel.close(`the id ${id} is in use by an unanswered command`);
    if (pending.size >= pendingLimit) {
      return refuse(
        id,
        new ContractError('unavailable', `${pendingLimit} commands wait already; send fewer at once`),
      );
    }
    pending.add(id);
    try {
      send({ type: 'result', id, value: await run(name, frame.params, held) });
    } catch (error) {
      if (error instanceof ContractError) return refuse(id, error);
      options.log(`${name} failed: ${error instanceof Error ? error.stack : String(error)}`);
      refuse(id, new ContractError('internal', `${name} failed inside Ballast; its log says more`));
    } finally {
      pending.delete(id);
    }
  }

  async function run(name: string, params: unknown, held: readonly Capability[]): Promise<unknown> {
    if (!isCommand(name)) throw new ContractError('unknown-command', `there is no command "${name}"`);
    const { needs, params: schema } = commands[name];
    if (!held.includes(needs)) throw new ContractError('not-allowed', notAllowed(name, needs));
    const handler = Object.hasOwn(options.handlers, name) ? options.handlers[name] : undefined;
    if (!handler) throw new ContractError('unsupported', `${name} is not answered here`);
    const checked = (schema as z.ZodType).safeParse(params);
    if (!checked.success) throw new ContractError('invalid-params', `${name}: ${describe(checked.error)}`);
    return await handler(checked.data as never);
  }

  function subscribe(frame: Extract<ClientFrame, { type: 'subscribe' }>, held: readonly Capability[]) {
    const { id, topic, since } = frame;
    const publisher = publisherOf(options.topics, topic);
    if (!publisher) return refuse(id, new ContractError('unknown-topic', `there is no topic "${topic}"`));
    if (!held.includes('read')) {
      return refuse(id, new ContractError('not-allowed', notAllowed(topic, 'read')));
    }
    subscriptions.get(topic)?.end();
    send({ type: 'result', id, value: null });
    subscriptions.set(topic, publisher.subscribe(subscriber, since));
  }

  return {
    get welcomed() {
      return granted !== undefined;
    },
    close: (reason) => channel.close(reason),
  };
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

function publisherOf(topics: Publishers, topic: string): Publisher | undefined {
  return Object.hasOwn(topics, topic) ? topics[topic as keyof Publishers] : undefined;
}

function notAllowed(what: string, needs: Capability): string {
  return `${what} needs the capability "${needs}", which this caller was not granted`;
}

/** The first few issues in one line: `weight: must be at most 1000`. */
function describe(error: z.ZodError): string {
  const told = error.issues.slice(0, 3).map(({ path, message }) => {
    return path.length === 0 ? message : `${path.join('.')}: ${message}`;
  });
  const more = error.issues.length - told.length;
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
