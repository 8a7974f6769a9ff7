/** How a session is laid out in the shared table. */

/** Words of a slot. Slots are counted from 1; 0 is none. */
export const numberAt = 0;
export const serverAt = 1;
export const olderAt = 2;
export const newerAt = 3;
export const chainAt = 4;
export const hitsAt = 5;
export const movedFromAt = 6;
export const slotWords = 8;

/** Times of a slot. */
export const sinceAt = 0;
export const lastUsedAt = 1;
export const cookieSentAt = 2;
export const movedAt = 3;
export const slotTimes = 4;

/** Texts of a slot, each with its length before it. A key that is longer stands there as its digest. */
export const keyBytes = 64;
export const clientBytes = 64;
export const reasonBytes = 96;
export const slotBytes = keyBytes + clientBytes + reasonBytes;
