import type { EngineStatus } from '@shared/contract/system-values.ts';

/** What a person is told while the engine does not run. */
export interface EngineBanner {
  readonly tone: 'warn' | 'bad';
  /** A whole sentence, or its beginning. */
  readonly head: string;
  /** What follows it. */
  readonly text: string;
}

/** Null while it runs, or begins to. */
export function engineBanner(engine: EngineStatus | undefined): EngineBanner | null {
  switch (engine?.state) {
    case 'restarting': {
      const why = engine.lastError === null ? '.' : ` after a fault: ${sentence(engine.lastError, false)}`;
      return {
        tone: 'warn',
        head: 'The engine is restarting',
        text: `with the last good configuration${why} Listeners answer again in a moment.`,
      };
    }
    case 'stopped': {
      const why = engine.lastError === null ? '' : `${sentence(engine.lastError)} `;
      return {
        tone: 'bad',
        head: 'The engine has stopped: connections are refused.',
        text: `${why}Saving a file that is good starts it again.`,
      };
    }
    default:
      return null;
  }
}

/** With a full stop, and as a rule with a capital. */
export function sentence(text: string, isWhole = true): string {
  const begun = isWhole ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Why the connection to Ballast was lost, as a sentence. */
export function lostText(reason: string): string {
  return sentence(reason.replace(/^the connection to Ballast closed: /, ''));
}
