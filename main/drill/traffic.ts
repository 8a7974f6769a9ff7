import type { Unsubscribe } from '@shared/contract/channel.ts';
import type { GeneratorStatus } from '@shared/contract/values.ts';
import type { Log } from '@shared/lib/log.ts';
import type { Clock } from '../engine/clock.ts';

/** Gentle HTTP requests, so that there is something to see. */
export interface Traffic {
  set(change: { running?: boolean; ratePerSecond?: number }): GeneratorStatus;
  /** Where requests go; null for nowhere. */
  setUrl(url: string | null): void;
  /**
   * Requests the engine has finished since its start, whoever sent them; call it with every metrics sample. The generator
   * stands aside for a moment after others sent some, so that a person who counts answers counts their own.
   */
  observe(finishedRequests: number): void;
  status(): GeneratorStatus;
  onChange(listener: (status: GeneratorStatus) => void): Unsubscribe;
  stop(): Promise<void>;
}

export function createTraffic(_options: { clock: Clock; random: () => number; log: Log }): Traffic {
  throw new Error('not written yet');
}
