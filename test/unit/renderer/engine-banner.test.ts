import type { EngineStatus } from '@shared/contract/system-values.ts';
import { describe, expect, it } from 'vitest';
import { engineBanner, lostText } from '../../../renderer/src/app/engine-banner.ts';

describe('what a person is told while the engine does not run', () => {
  const told = (state: EngineStatus['state'], lastError: string | null = null) => {
    const banner = engineBanner({ state, restarts: 1, lastError });
    return banner && [banner.tone, `${banner.head} ${banner.text}`];
  };

  it('is nothing while it runs or begins to', () => {
    expect(engineBanner(undefined)).toBeNull();
    expect(told('running', 'an earlier fault')).toBeNull();
    expect(told('starting')).toBeNull();
  });

  it('is what it restarts with, and after what', () => {
    expect(told('restarting')).toEqual([
      'warn',
      'The engine is restarting with the last good configuration. Listeners answer again in a moment.',
    ]);
    expect(told('restarting', 'it ran out of memory')).toEqual([
      'warn',
      'The engine is restarting with the last good configuration after a fault: it ran out of memory. Listeners answer again in a moment.',
    ]);
  });

  it('is that connections are refused once it has stopped, why, and what starts it again', () => {
    expect(told('stopped')).toEqual([
      'bad',
      'The engine has stopped: connections are refused. Saving a file that is good starts it again.',
    ]);
    expect(told('stopped', 'it crashed; given up after 5 crashes')).toEqual([
      'bad',
      'The engine has stopped: connections are refused. It crashed; given up after 5 crashes. Saving a file that is good starts it again.',
    ]);
    expect(told('stopped', 'Port 80 is taken!')?.[1]).toContain('refused. Port 80 is taken! Saving');
  });

  it('is why the connection was lost, without saying twice that it closed', () => {
    expect(lostText('the connection to Ballast closed: Ballast is shutting down')).toBe(
      'Ballast is shutting down.',
    );
    expect(lostText('no answer for 10 s')).toBe('No answer for 10 s.');
  });
});
