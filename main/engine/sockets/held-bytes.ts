/** Bytes that came too early or not yet whole: the beginning of a head, requests behind the one that is running. */
export class HeldBytes {
  bytes: Buffer = nothing;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Copies them in. */
  add(bytes: Buffer, start: number, end: number): void {
    const more = end - start;
    if (more <= 0) return;
    if (this.start === this.end) {
      this.start = 0;
      this.end = 0;
    }
    if (this.end + more > this.bytes.length) {
      const needed = this.length + more;
      const target =
        needed > this.bytes.length
          ? Buffer.allocUnsafeSlow(Math.max(1_024, 2 ** Math.ceil(Math.log2(needed))))
          : this.bytes;
      this.bytes.copy(target, 0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
      this.bytes = target;
    }
    bytes.copy(this.bytes, this.end, start, end);
    this.end += more;
  }

  /** Gives up what lies before `at`; the memory too, when nothing is left. */
  consumeTo(at: number): void {
    this.start = at;
    if (at >= this.end) this.clear();
  }

  clear(): void {
    this.bytes = nothing;
    this.start = 0;
    this.end = 0;
  }
}

const nothing = Buffer.alloc(0);
