import { movesKept } from './session-entry.ts';

/** How a session is laid out in the shared table. */

/** Words of a slot. Slots are counted from 1; 0 is none. */
export const numberAt = 0;
export const serverAt = 1;
export const chainAt = 2;
export const hitsAt = 3;
/** 1 for a pinned one. */
export const pinnedAt = 4;
/** How often it moved; the newest moves stand in a ring. */
export const movedAt = 5;
/** Neighbours in the order of use, then in the order in which they were bound. */
export const usedOlderAt = 6;
export const usedNewerAt = 7;
export const boundOlderAt = 8;
export const boundNewerAt = 9;
/** Two words for each move that is kept. */
export const moveFromAt = 10;
export const moveToAt = moveFromAt + movesKept;
export const slotWords = moveToAt + movesKept;

/** Times of a slot. */
export const sinceAt = 0;
export const lastUsedAt = 1;
export const cookieSentAt = 2;
export const moveTimeAt = 3;
export const slotTimes = moveTimeAt + movesKept;

/** Texts of a slot, each with its length before it. */
export const keyBytes = 64;
export const clientBytes = 64;
export const reasonBytes = 96;
export const reasonsAt = keyBytes + clientBytes;
export const slotBytes = reasonsAt + reasonBytes * movesKept;
