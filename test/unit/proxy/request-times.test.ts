import { describe, expect, it } from 'vitest';
import { RequestTimes } from '../../../main/engine/proxy/request-times.ts';
import { TimerWheel } from '../../../main/engine/sockets/timer-wheel.ts';
import { manualClock } from '../../support/manual-clock.ts';

function kit() {
  const clock = manualClock({ start: 1_000 });
  const wheel = new TimerWheel(clock);
  const told: string[] = [];
  const say = (what: string) => (): void => void told.push(`${what} ${clock.now()}`);
  const times = new RequestTimes(wheel, {
    requestLate: say('request'),
    attemptLate: say('attempt'),
    pauseOver: say('pause'),
    hedgeDue: say('hedge'),
  });
  return { clock, wheel, told, times };
}

describe('the times of a request', () => {
  it('come one after the other, each within a tick of the wheel and never early', async () => {
    const { clock, times, told } = kit();
    times.begin(1_000, 500, 200);
    times.hedgeAt = 1_050;
    times.attemptUntil = 1_200;
    times.pausesUntil = 1_333;
    times.arm();
    await clock.advance(1_000);
    expect(told).toEqual(['hedge 1060', 'attempt 1200', 'pause 1340', 'request 1500']);
  });

  it('end with the request, of which nothing is heard any more', async () => {
    const { clock, wheel, times, told } = kit();
    times.begin(1_000, 100, 0);
    times.hedgeAt = 1_050;
    times.arm();
    times.over();
    await clock.advance(1_000);
    expect(told).toEqual([]);
    times.begin(2_000, 10_000, 0);
    times.leave();
    expect(wheel.count).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('go on to the end of the request where only an attempt is over', async () => {
    const { clock, times, told } = kit();
    times.begin(1_000, 400, 100);
    times.attemptUntil = 1_100;
    times.hedgeAt = 1_050;
    times.arm();
    times.attemptOver();
    await clock.advance(1_000);
    expect(told).toEqual(['request 1400']);
  });
});
