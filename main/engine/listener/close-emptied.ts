import type { Server } from 'node:net';
import type { Clock } from '../clock.ts';

/** An empty turn of the event loop takes a few microseconds. */
const shortTurnMs = 0.05;

/**
 * Stops to listen when nobody waits to be accepted. The system completes connections by itself, and resets those that were not
 * accepted when their socket is closed: so that is done at the end of a turn of the event loop in which nobody came, and of a short
 * one, since who comes in the very turn is lost all the same (unless Linux is told to hand it to another socket of the
 * address, `net.ipv4.tcp_migrate_req`).
 *
 * @param accepted counts them
 * @param restMs for so long nobody may have come, where that can be had; 0 where others cannot take over
 * @param mostMs after that long a rest is not waited for, after twice that long any quiet turn will do, after thrice any turn
 */
export async function closeEmptied(
  server: Server,
  accepted: () => number,
  clock: Clock,
  restMs: number,
  mostMs: number,
): Promise<void> {
  const began = clock.now();
  const isWithin = (ms: number): boolean => clock.now() - began < ms;
  for (let before = -1; restMs > 0 && before !== accepted() && isWithin(mostMs); ) {
    before = accepted();
    await new Promise<void>((resolve) => clock.after(restMs, resolve));
  }
  await endOfTurn();
  for (;;) {
    const before = accepted();
    const turnBegan = clock.now();
    await endOfTurn();
    const isShort = clock.now() - turnBegan < shortTurnMs || !isWithin(2 * mostMs);
    if ((accepted() === before && isShort) || !isWithin(3 * mostMs)) break;
  }
  server.close();
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
