import type { Memory } from './memory.ts';

/** Tries before the thread goes to sleep: a pick takes about a microsecond, falling asleep and waking up many. */
const spins = 200;
/** Set in the word while somebody may be asleep. */
const awaited = 0x100;
/** A sleeper looks again after this even if nobody woke it: the holder's thread may have been ended. */
const napMs = 10;

/**
 * A lock between threads, for sections of a microsecond or so: Drepper's mutex ("Futexes are tricky", 2011) with the holder's number in
 * the word, so that what a crashed thread held can be freed. Taken and freed for nothing while there is only one thread. Who holds it may take it
 * again, and frees it as often.
 */
export class Lock {
  readonly #memory: Memory;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #me: number;
  /** Times it was taken beyond the first. */
  #again = 0;

  /** @param at place of the lock's word in `words` */
  constructor(memory: Memory, words: Int32Array, at: number) {
    this.#memory = memory;
    this.#words = words;
    this.#at = at;
    this.#me = memory.thread + 1;
  }

  acquire(): void {
    if (!this.#memory.isShared) return;
    const held = Atomics.compareExchange(this.#words, this.#at, 0, this.#me);
    if (held === 0) return;
    if ((held & ~awaited) === this.#me) this.#again += 1;
    else this.#wait();
  }

  release(): void {
    if (!this.#memory.isShared) return;
    if (this.#again > 0) {
      this.#again -= 1;
      return;
    }
    if ((Atomics.exchange(this.#words, this.#at, 0) & awaited) !== 0)
      Atomics.notify(this.#words, this.#at, 1);
  }

  /** Frees it if that thread, which is gone, held it. True where it did: what it guards may be half done. */
  freeFrom(thread: number): boolean {
    const held = Atomics.load(this.#words, this.#at);
    if ((held & ~awaited) !== thread + 1) return false;
    Atomics.store(this.#words, this.#at, 0);
    Atomics.notify(this.#words, this.#at);
    return true;
  }

  #wait(): void {
    const words = this.#words;
    const at = this.#at;
    for (let spin = 0; spin < spins; spin++) {
      if (Atomics.load(words, at) === 0 && Atomics.compareExchange(words, at, 0, this.#me) === 0) return;
    }
    // Who has slept takes it as awaited: others may sleep still.
    for (;;) {
      const held = Atomics.load(words, at);
      if (held === 0) {
        if (Atomics.compareExchange(words, at, 0, this.#me | awaited) === 0) return;
        continue;
      }
      if (held & awaited || Atomics.compareExchange(words, at, held, held | awaited) === held)
        Atomics.wait(words, at, held | awaited, napMs);
    }
  }
}
