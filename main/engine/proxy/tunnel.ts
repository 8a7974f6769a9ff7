import type { LimitKind } from '@shared/catalog/limits.ts';
import type { TimeoutsConfig } from '@shared/config/schema.ts';
import { formatDuration } from '@shared/lib/duration.ts';

/** A switched protocol: bytes pass both ways until both sides have ended. */
export class Tunnel {
  clientEnded = false;
  serverEnded = false;

  /** At least one side has ended. */
  get isHalf(): boolean {
    return this.clientEnded || this.serverEnded;
  }

  get isOver(): boolean {
    return this.clientEnded && this.serverEnded;
  }

  /** How long nothing may move. */
  idleMs({ tunnelMs, tunnelEndMs }: TimeoutsConfig): number {
    return this.isHalf ? tunnelEndMs : tunnelMs;
  }

  /** The limit that ends it when nothing moved for so long. */
  get idleLimit(): LimitKind {
    return this.isHalf ? 'tunnel-end-timeout' : 'tunnel-timeout';
  }

  /** Why it was ended then. */
  idleText(timeouts: TimeoutsConfig): string {
    const key = this.isHalf ? 'timeouts.tunnelEnd' : 'timeouts.tunnel';
    return `closed, because nothing moved for ${formatDuration(this.idleMs(timeouts))} (${key})`;
  }
}
