/** Texts of the document to go back and forth between. Bounded: the oldest is forgotten first. */
export interface History {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** `before` is left for something new: it can be returned to, and what was undone cannot be redone any more. */
  record(before: string): void;
  /** The text to return to; `current` becomes the one to redo. Undefined where there is none. */
  undo(current: string): string | undefined;
  redo(current: string): string | undefined;
  /** Somebody else rewrote the file: nothing before it can be returned to. */
  clear(): void;
}

/** @param limit most texts kept in each direction */
export function createHistory({ limit = 100 }: { limit?: number } = {}): History {
  const undone: string[] = [];
  const done: string[] = [];
  const push = (stack: string[], text: string): void => {
    stack.push(text);
    if (stack.length > limit) stack.shift();
  };
  return {
    get canUndo() {
      return done.length > 0;
    },
    get canRedo() {
      return undone.length > 0;
    },
    record(before) {
      push(done, before);
      undone.length = 0;
    },
    undo(current) {
      const text = done.pop();
      if (text !== undefined) push(undone, current);
      return text;
    },
    redo(current) {
      const text = undone.pop();
      if (text !== undefined) push(done, current);
      return text;
    },
    clear() {
      done.length = 0;
      undone.length = 0;
    },
  };
}
