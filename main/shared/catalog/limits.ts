/** Where a limit is set: in a listener, in a pool, or by the operating system. */
export type LimitPlace = 'listener' | 'pool' | 'system';

export interface LimitDefinition {
  readonly place: LimitPlace;
  /** Key in ballast.yaml that moves it, within the listener or pool. */
  readonly key: string;
  /** What happens to whom when it is reached; completes `listener web: …`. */
  readonly effect: string;
  /** What happened, in short: completes `1 …` and `3 …`. */
  readonly counted: readonly [one: string, many: string];
  /** Everyday housekeeping: counted, but no event is told. */
  readonly routine: boolean;
}

type Counted = LimitDefinition['counted'];

const listener = (key: string, effect: string, counted: Counted): LimitDefinition => ({
  place: 'listener',
  key: `limits.${key}`,
  effect,
  counted,
  routine: false,
});
const pool = (key: string, effect: string, counted: Counted): LimitDefinition => ({
  place: 'pool',
  key,
  effect,
  counted,
  routine: false,
});
const system = (effect: string, counted: Counted): LimitDefinition => ({
  place: 'system',
  key: 'ulimit -n',
  effect,
  counted,
  routine: false,
});
const routine = (definition: LimitDefinition): LimitDefinition => ({ ...definition, routine: true });
/** `client`, `turned away`: 1 client turned away, 3 clients turned away. */
const some = (noun: string, what: string, nouns = `${noun}s`): Counted => [
  `${noun} ${what}`,
  `${nouns} ${what}`,
];

/** Every limit of the data plane that can be reached while it runs. Counted by kind, listener and pool in the metrics. */
export const limits = {
  'max-connections': listener(
    'maxConnections',
    'a connection over the limit got 503 and was closed',
    some('client', 'turned away'),
  ),
  'displaced-connections': routine(
    listener(
      'maxConnections',
      'the connection idle longest made room for a new one',
      some('idle client', 'made room'),
    ),
  ),
  'file-descriptors': system('no file descriptor was left', some('connection', 'without a file descriptor')),
  'descriptors-short': system(
    'file descriptors were short, and a connection that was idle made room',
    some('idle connection', 'made room'),
  ),
  'head-bytes': listener('headBytes', 'a head was too large and got 431', some('head', 'too large')),
  'target-bytes': listener(
    'targetBytes',
    'a request target was too long and got 414',
    some('request target', 'too long'),
  ),
  'head-fields': listener(
    'headFields',
    'a head had too many fields and got 431',
    some('head', 'with too many fields'),
  ),
  'response-head-bytes': listener(
    'headBytes',
    "a server's head was too large and counted as a failure",
    some('response head', 'too large'),
  ),
  'response-head-fields': listener(
    'headFields',
    "a server's head had too many fields and counted as a failure",
    some('response head', 'with too many fields'),
  ),
  'head-timeout': listener(
    'headTimeout',
    'a head was not complete in time and got 408',
    some('head', 'not complete in time'),
  ),
  'idle-timeout': routine(
    listener('idleTimeout', 'an idle connection was closed', some('idle client', 'closed')),
  ),
  'body-timeout': listener(
    'bodyTimeout',
    'a request body made no progress and got 408',
    some('request body', 'without progress', 'request bodies'),
  ),
  'body-rate': listener(
    'bodyBytesPerSecond',
    'a request body came too slowly and got 408',
    some('request body', 'too slow', 'request bodies'),
  ),
  'send-timeout': listener(
    'sendTimeout',
    'a client took no more of its response and was cut off',
    some('client', 'stopped taking a response'),
  ),
  'linger-timeout': routine(
    listener(
      'lingerTimeout',
      'a client did not close its end of a finished connection',
      some('client', 'left its end open'),
    ),
  ),
  'pipeline-bytes': routine(
    listener(
      'pipelineBytes',
      'a client that sends requests ahead was not read for a while',
      some('client', 'sent too far ahead'),
    ),
  ),
  'trailer-bytes': listener(
    'trailerBytes',
    'chunk extensions or trailers were too large',
    some('message', 'with too large trailers'),
  ),
  'interim-responses': listener(
    'interimResponses',
    'a server sent too many 1xx responses',
    some('request', 'with too many 1xx responses'),
  ),
  'connect-timeout': pool(
    'timeouts.connect',
    'a connection to a server was not made in time',
    some('connection', 'not made in time'),
  ),
  'response-timeout': pool(
    'timeouts.response',
    'a server did not answer, or go on, in time',
    some('response', 'not in time'),
  ),
  'attempt-timeout': pool(
    'timeouts.attempt',
    'an attempt brought no response head in time and counted as a failure',
    some('attempt', 'not answered in time'),
  ),
  'request-timeout': pool(
    'timeouts.request',
    'a request brought no response head in the time it has altogether and got 504',
    some('request', 'out of time'),
  ),
  'idle-connections': routine(
    pool('idleConnections', 'a spare connection to a server was closed', some('spare connection', 'closed')),
  ),
  'unused-connections': routine(
    pool(
      'timeouts.idle',
      'a connection to a server that no request needed for so long was closed',
      some('unused connection', 'closed'),
    ),
  ),
  'tunnel-timeout': pool(
    'timeouts.tunnel',
    'a tunnel in which nothing moved was closed',
    some('quiet tunnel', 'closed'),
  ),
  'tunnel-end-timeout': pool(
    'timeouts.tunnelEnd',
    'a tunnel that one side had ended was closed',
    some('half-ended tunnel', 'closed'),
  ),
  'tunnel-drain': pool(
    'timeouts.tunnelDrain',
    'a tunnel to a server that leaves was closed',
    some('tunnel', 'to a leaving server closed'),
  ),
  'drain-deadline': pool(
    'timeouts.drain',
    'what still ran at a server that was to be empty was ended',
    some('request', 'ended by a drain deadline'),
  ),
  'retry-body': pool(
    'retry.bodyBytes',
    'a request was not tried again, its body was too large to keep',
    some('request', 'too large to try again'),
  ),
  'retry-budget': pool(
    'retry.budgetPercent',
    'a request was not tried again, the retry budget was used up',
    some('retry', 'over the budget', 'retries'),
  ),
  'hedge-budget': routine(
    pool(
      'retry.budgetPercent',
      'a request that took long was not sent to a second server, the retry budget was used up',
      some('request', 'not hedged'),
    ),
  ),
  'max-requests': routine(
    pool(
      'servers.maxRequests',
      'a server at its limit was passed over, or waited for where every one was',
      some('request', 'found a server full'),
    ),
  ),
  'pool-max-requests': pool(
    'maxRequests',
    'the pool had as many requests in flight as it may, and another one waited',
    some('request', 'found the pool full'),
  ),
  'queue-length': pool(
    'queue.length',
    'the queue was full and a request got 503',
    some('request', 'turned away by a full queue'),
  ),
  'queue-timeout': pool(
    'queue.timeout',
    'a request waited too long in the queue and got 503',
    some('request', 'waited too long in the queue'),
  ),
  'circuit-open': pool(
    'circuitBreaker.open',
    'the circuit was open and a request got 503 without being sent',
    some('request', 'turned away by the open circuit'),
  ),
  sessions: routine(
    pool('affinity.maxSessions', 'the session used longest ago was dropped', some('session', 'dropped')),
  ),
} as const satisfies Record<string, LimitDefinition>;

export type LimitKind = keyof typeof limits;
export const limitKinds = Object.keys(limits) as [LimitKind, ...LimitKind[]];
