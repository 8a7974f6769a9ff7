/** The newest `capacity` numbers, without allocating once it is made. NaN stands for "not measured". */
export interface Ring {
  readonly capacity: number;
  /** Numbers held now, at most `capacity`. */
  readonly length: number;
  push(value: number): void;
  /** @param index 0 is the oldest held, `length - 1` the newest. NaN outside. */
  at(index: number): number;
  /** The largest held, 0 where nothing was measured. */
  max(): number;
  clear(): void;
}

export function createRing(capacity: number): Ring {
  const values = new Float64Array(capacity);
  let next = 0;
  let length = 0;
  return {
    capacity,
    get length() {
      return length;
    },
    push(value) {
      values[next] = value;
      next = next + 1 === capacity ? 0 : next + 1;
      if (length < capacity) length += 1;
    },
    at(index) {
      if (index < 0 || index >= length) return Number.NaN;
      const slot = next - length + index;
      return values[slot < 0 ? slot + capacity : slot]!;
    },
    max() {
      let most = 0;
      for (let slot = 0; slot < length; slot++) if (values[slot]! > most) most = values[slot]!;
      return most;
    },
    clear() {
      next = 0;
      length = 0;
    },
  };
}
