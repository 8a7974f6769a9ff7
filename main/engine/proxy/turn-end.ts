import { holdTime, releaseTime } from '../clock.ts';

/** Something that waits for the end of this turn of the event loop. */
export interface AwaitsTurnEnd {
  turnEnded(): void;
}

let waiting: AwaitsTurnEnd[] = [];

/**
 * Calls `turnEnded` once every socket that the system had something to tell of in this turn has been read: in the event loop's
 * check phase, behind its poll phase. One immediate serves all who wait; there is no taking back.
 */
export function atTurnEnd(one: AwaitsTurnEnd): void {
  if (waiting.push(one) === 1) setImmediate(endTurn);
}

function endTurn(): void {
  const all = waiting;
  waiting = [];
  holdTime();
  try {
    for (const one of all) one.turnEnded();
  } finally {
    releaseTime();
  }
}
