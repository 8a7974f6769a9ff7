import type { AttemptOutcome } from '@shared/contract/request-values.ts';
import type { Kind } from './asking.ts';

/**
 * What a server does to a request, and what that means. `effect`: what of it gets to the client if nobody else is asked:
 * `fails`: nothing, so another server may be; `cut`: part of a response; `answers`: all of one.
 */
export interface Act {
  readonly act: string;
  readonly effect: 'fails' | 'cut' | 'answers';
  readonly outcomes: readonly AttemptOutcome[];
  /** Of a whole response. */
  readonly status?: number;
  /** The response may be there before the request has been read. */
  readonly early?: true;
  readonly for?: (kind: Kind) => boolean;
}

const hasBody = ({ bodyBytes }: Kind): boolean => bodyBytes > 0;
const isRead = ({ method }: Kind): boolean => method !== 'HEAD';

function fails(outcome: AttemptOutcome, ...acts: string[]): Act[] {
  return acts.map((act) => ({
    act,
    effect: 'fails',
    outcomes: [outcome],
    ...(act.includes('@half-request') && { for: hasBody }),
  }));
}

function cut(outcome: AttemptOutcome, ...acts: string[]): Act[] {
  // The response to HEAD ends with its head.
  return acts.map((act) => ({ act, effect: 'cut', outcomes: [outcome], for: isRead }));
}

function answers(...acts: string[]): Act[] {
  return acts.map((act) => ({ act, effect: 'answers', outcomes: ['responded'], status: 200 }));
}

/** The connection breaks, or ends, at every point of a request and its response. */
export const breaks: readonly Act[] = [
  ...fails('closed-before-response', 'rst@head', 'rst@half-request', 'rst@request', 'rst@half-head'),
  ...fails('closed-before-response', 'fin@head', 'fin@half-request', 'fin@request', 'fin@half-head'),
  ...fails('closed-before-response', 'close@head', 'close@half-request', 'close@request'),
  ...cut(
    'failed-mid-response',
    'rst@response-head',
    'rst@half-response',
    'fin@response-head',
    'fin@half-response',
  ),
  ...cut(
    'failed-mid-response',
    'rst@half-response/chunked',
    'fin@half-response/chunked',
    'fin@response-head/chunked',
  ),
  ...cut('failed-mid-response', 'rst@response-head/close', 'rst@half-response/close', 'short'),
  ...answers(
    'rst@response',
    'fin@response',
    'close@response',
    'rst@idle',
    'fin@idle',
    'fin@response/chunked',
  ),
  ...answers(
    'ok/close',
    'ok/chunked',
    'drip',
    'drip/chunked',
    'drip/close',
    'delay@40',
    'early-hints',
    'long',
  ),
];

/** The server answers something that is no answer. */
export const garbage: readonly Act[] = [
  ...fails(
    'failed-mid-response',
    'another-protocol',
    'nothing-but-line-ends',
    'two-framings',
    'unwanted-switch',
  ),
  ...fails('failed-mid-response', 'endless-head', 'bad-field', 'another-protocol@fin'),
  // The first piece of a body that is wrong at once comes with the head: nothing of it has been passed on yet.
  ...fails('failed-mid-response', 'bad-first-chunk', 'bad-chunk/chunked').map((each) => ({
    ...each,
    for: isRead,
  })),
];

/** The server says nothing more, at every point. For these the pool's response timeout is short. */
export const stalls: readonly Act[] = [
  ...fails('timed-out', 'silent@head', 'silent@half-request', 'silent@request', 'silent@half-head'),
  ...cut(
    'failed-mid-response',
    'silent@response-head',
    'silent@half-response',
    'silent@half-response/chunked',
    'silent@half-response/close',
  ),
];

/** The answer comes before the request is read. */
export const early: readonly Act[] = ['early-200', 'early-413'].flatMap((act) =>
  ['', '@fin', '@rst'].map(
    (then): Act => ({
      act: `${act}${then}`,
      effect: 'answers',
      outcomes:
        then === '@rst' ? ['responded', 'closed-before-response', 'failed-mid-response'] : ['responded'],
      status: act === 'early-200' ? 200 : 413,
      early: true,
      for: hasBody,
    }),
  ),
);

/** A status that the pool is told to try elsewhere, or not. */
export const refusing: readonly Act[] = [
  { act: '503', effect: 'answers', outcomes: ['responded'], status: 503 },
  { act: '500/chunked', effect: 'answers', outcomes: ['responded'], status: 500 },
];

export const well: Act = { act: 'ok', effect: 'answers', outcomes: ['responded'], status: 200 };
