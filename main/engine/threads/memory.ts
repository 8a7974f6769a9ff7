import { mostThreads } from '@shared/config/schema.ts';

/** One block for each thread, written by its thread alone; this one's, and all that this thread knows of. */
export interface OwnBlocks {
  readonly mine: SharedArrayBuffer;
  /** Of every thread in the engine's thread; only `mine` in the others. */
  readonly all: readonly SharedArrayBuffer[];
}

/** What one thread gets of the memory: can be sent. */
export interface MemoryView {
  readonly thread: number;
  readonly common: ReadonlyMap<string, SharedArrayBuffer>;
  readonly own: ReadonlyMap<string, SharedArrayBuffer>;
  /** By number, from 1. */
  readonly names: readonly string[];
}

interface OwnEntry {
  readonly bytes: number;
  readonly blocks: SharedArrayBuffer[];
}

const widthBlock = 'width';

/**
 * The blocks of memory that the threads of the data plane have in common, by name. Thread 0 makes them, full of zeros; the others
 * adopt what it sends. A block lives as long as somebody uses it: a name that was forgotten and is asked for again is a new block.
 */
export class Memory {
  readonly thread: number;
  readonly #common: Map<string, SharedArrayBuffer>;
  readonly #own = new Map<string, OwnEntry>();
  readonly #width: Int32Array;
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** @param view what thread 0 sent; left out in thread 0 */
  constructor(view?: MemoryView) {
    this.thread = view?.thread ?? 0;
    this.#common = new Map(view?.common);
    this.#width = new Int32Array(this.common(widthBlock, 4));
    if (view) this.adopt(view);
    else this.#width[0] = 1;
  }

  /** Threads that take part or ever did. While it is one nobody else looks, and no lock is needed. */
  get width(): number {
    return this.#width[0]!;
  }

  /** Whether several threads take part. */
  get isShared(): boolean {
    return this.#width[0] !== 1;
  }

  /** A block that every thread reads and writes. */
  common(name: string, bytes: number): SharedArrayBuffer {
    let block = this.#common.get(name);
    if (!block) {
      if (this.thread !== 0) throw new Error(`thread ${this.thread} was not given the memory "${name}"`);
      block = new SharedArrayBuffer(bytes);
      this.#common.set(name, block);
    }
    return block;
  }

  /** A block of which every thread has its own. */
  own(name: string, bytes: number): OwnBlocks {
    let entry = this.#own.get(name);
    if (!entry) {
      if (this.thread !== 0) throw new Error(`thread ${this.thread} was not given the memory "${name}"`);
      entry = { bytes, blocks: Array.from({ length: this.width }, () => new SharedArrayBuffer(bytes)) };
      this.#own.set(name, entry);
    }
    return { mine: entry.blocks[this.thread === 0 ? 0 : entry.blocks.length - 1]!, all: entry.blocks };
  }

  /**
   * A number, from 1, that stands for a name in shared memory: the same in every thread, for good. There are as many as there were
   * servers in configurations since start.
   */
  numberOf(name: string): number {
    const number = this.#numbers.get(name);
    if (number !== undefined) return number;
    if (this.thread !== 0) throw new Error(`thread ${this.thread} was given no number for "${name}"`);
    return this.#learn(name);
  }

  /** The name that a number stands for; empty for none that was ever given. */
  nameOf(number: number): string {
    return this.#names[number - 1] ?? '';
  }

  /** Gives a name up; who uses the block keeps it. */
  forget(name: string): void {
    this.#common.delete(name);
    this.#own.delete(name);
  }

  /** Lets so many threads take part from now on; never fewer than before, since they may still finish requests. Thread 0 only. */
  widen(threads: number): void {
    if (threads > mostThreads) throw new Error(`${threads} threads are more than ${mostThreads}`);
    if (threads <= this.width) return;
    for (const { bytes, blocks } of this.#own.values())
      while (blocks.length < threads) blocks.push(new SharedArrayBuffer(bytes));
    this.#width[0] = threads;
  }

  /** What that thread is to be sent. */
  viewOf(thread: number): MemoryView {
    const own = new Map<string, SharedArrayBuffer>();
    for (const [name, { blocks }] of this.#own) own.set(name, blocks[thread]!);
    return { thread, common: new Map(this.#common), own, names: this.#names };
  }

  /** Takes in what thread 0 sent later. Names that are known keep their blocks unless others were sent. */
  adopt({ common, own, names }: MemoryView): void {
    for (const [name, block] of common) this.#common.set(name, block);
    for (const [name, block] of own) this.#own.set(name, { bytes: block.byteLength, blocks: [block] });
    for (const name of names.slice(this.#names.length)) this.#learn(name);
  }

  #learn(name: string): number {
    this.#names.push(name);
    this.#numbers.set(name, this.#names.length);
    return this.#names.length;
  }
}
