/** Where a limit is set: in a listener, in a pool, or by the operating system. */
export type LimitPlace = 'listener' | 'pool' | 'system';

export interface LimitDefinition {
  readonly place: LimitPlace;
  /** Key in ballast.yaml that moves it, within the listener or pool. */
  readonly key: string;
  /** What happens to whom when it is reached; completes `listener web: …`. */
  readonly effect: string;
  /** Everyday housekeeping: counted, but no event is told. */
  readonly routine: boolean;
}

const listener = (key: string, effect: string): LimitDefinition => ({
  place: 'listener',
  key: `limits.${key}`,
  effect,
  routine: false,
});
const pool = (key: string, effect: string): LimitDefinition => ({
  place: 'pool',
  key,
  effect,
  routine: false,
});
const routine = (definition: LimitDefinition): LimitDefinition => ({ ...definition, routine: true });

/** Every limit of the data plane that can be reached while it runs. Counted by kind, listener and pool in the metrics. */
export const limits = {
  'max-connections': listener('maxConnections', 'a connection over the limit got 503 and was closed'),
  'displaced-connections': routine(
    listener('maxConnections', 'the connection idle longest made room for a new one'),
  ),
  'file-descriptors': {
    place: 'system',
    key: 'ulimit -n',
    effect: 'no file descriptor was left',
    routine: false,
  },
  'descriptors-short': {
    place: 'system',
    key: 'ulimit -n',
    effect: 'file descriptors were short, and a connection that was idle made room',
    routine: false,
  },
  'head-bytes': listener('headBytes', 'a head was too large and got 431'),
  'target-bytes': listener('targetBytes', 'a request target was too long and got 414'),
  'head-fields': listener('headFields', 'a head had too many fields and got 431'),
  'head-timeout': listener('headTimeout', 'a head was not complete in time and got 408'),
  'idle-timeout': routine(listener('idleTimeout', 'an idle connection was closed')),
  'body-timeout': listener('bodyTimeout', 'a request body made no progress and got 408'),
  'body-rate': listener('bodyBytesPerSecond', 'a request body came too slowly and got 408'),
  'send-timeout': listener('sendTimeout', 'a client took no more of its response and was cut off'),
  'linger-timeout': routine(
    listener('lingerTimeout', 'a client did not close its end of a finished connection'),
  ),
  'pipeline-bytes': routine(
    listener('pipelineBytes', 'a client that sends requests ahead was not read for a while'),
  ),
  'trailer-bytes': listener('trailerBytes', 'chunk extensions or trailers were too large'),
  'interim-responses': listener('interimResponses', 'a server sent too many 1xx responses'),
  'connect-timeout': pool('timeouts.connect', 'a connection to a server was not made in time'),
  'response-timeout': pool('timeouts.response', 'a server did not answer, or go on, in time'),
  'idle-connections': routine(pool('idleConnections', 'a spare connection to a server was closed')),
  'tunnel-timeout': pool('timeouts.tunnel', 'a tunnel in which nothing moved was closed'),
  'tunnel-end-timeout': pool('timeouts.tunnelEnd', 'a tunnel that one side had ended was closed'),
  'tunnel-drain': pool('timeouts.tunnelDrain', 'a tunnel to a server that leaves was closed'),
  'retry-body': pool('retry.bodyBytes', 'a request was not tried again, its body was too large to keep'),
  'retry-budget': pool('retry.budgetPercent', 'a request was not tried again, the retry budget was used up'),
  'queue-length': pool('queue.length', 'the queue was full and a request got 503'),
  'queue-timeout': pool('queue.timeout', 'a request waited too long in the queue and got 503'),
  sessions: routine(pool('affinity.maxSessions', 'the session used longest ago was dropped')),
} as const satisfies Record<string, LimitDefinition>;

export type LimitKind = keyof typeof limits;
export const limitKinds = Object.keys(limits) as [LimitKind, ...LimitKind[]];
