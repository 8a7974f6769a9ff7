import type { LimitKind } from '@shared/catalog/limits.ts';
import type { Address } from '@shared/config/address.ts';
import type { Config } from '@shared/config/schema.ts';
import type { BallastEvent } from '@shared/contract/event-values.ts';
import type { PlacedRequest, RecordCursor } from '@shared/contract/recorded-request.ts';
import type { RequestDetail } from '@shared/contract/request-values.ts';
import type { Resources } from '@shared/contract/system-values.ts';
import type { DescriptorSupply } from '../descriptors.ts';
import type { EndedRequest, RequestFilter } from '../journal/journal.ts';
import type { LimitAbout } from '../metrics/limit-log.ts';
import type { MemoryView } from './memory.ts';

/** What the engine's thread and the other threads of the data plane say to each other. Never on the way of a request. */

/** What a thread is started with, in its `workerData`. */
export interface LaneStart {
  readonly role: 'lane';
  readonly memory: MemoryView;
  /** See `joinClock`. */
  readonly clockBase: number;
  /** Signs session cookies. */
  readonly cookieKey: Uint8Array;
  readonly requestPrefix: string;
  readonly descriptors: DescriptorSupply;
  /** Events of one busy kind about one server (or pool) that this thread may tell in a second. */
  readonly eventsPerSecond: number;
}

export interface BindFailure {
  readonly listener: string;
  readonly bind: Address;
  readonly code: string;
  readonly message: string;
}

/** Each is answered once, under its number. */
export type LaneRequest =
  | { readonly type: 'prepare'; readonly config: Config; readonly memory: MemoryView }
  | { readonly type: 'commit'; readonly memory: MemoryView }
  | { readonly type: 'abort' }
  | { readonly type: 'retire'; readonly graceMs: number }
  | { readonly type: 'stop'; readonly graceMs: number }
  | { readonly type: 'collect'; readonly limit: number }
  | { readonly type: 'resources' }
  | { readonly type: 'list'; readonly filter: RequestFilter }
  | { readonly type: 'record'; readonly before: RecordCursor | undefined; readonly limit: number }
  | { readonly type: 'detail'; readonly id: string };

/** What happened in a thread since it was asked last. */
export interface Collected {
  readonly requests: readonly EndedRequest[];
  /** Requests that are not in the list. */
  readonly dropped: number;
  /** By listener. */
  readonly openConnections: Readonly<Record<string, number>>;
  readonly limits: readonly {
    readonly kind: LimitKind;
    readonly about: LimitAbout;
    readonly times: number;
  }[];
}

export interface LaneAnswers {
  prepare: BindFailure | null;
  commit: null;
  abort: null;
  retire: number;
  stop: number;
  collect: Collected;
  resources: Resources;
  list: { readonly requests: EndedRequest[]; readonly forgotten: number };
  record: readonly PlacedRequest[];
  detail: RequestDetail | null;
}

export type Numbered<R> = R & { readonly number: number };

/** What a thread says: answers, and what it cannot keep to itself until it is asked. */
export type LaneMessage =
  | { readonly type: 'answer'; readonly number: number; readonly value: LaneAnswers[keyof LaneAnswers] }
  | { readonly type: 'failed'; readonly number: number; readonly message: string }
  | { readonly type: 'event'; readonly event: Omit<BallastEvent, 'sequence'> }
  | { readonly type: 'probe-soon'; readonly pool: string; readonly server: string }
  | { readonly type: 'log'; readonly text: string };
