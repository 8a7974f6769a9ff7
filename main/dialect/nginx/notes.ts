import type { Export } from '../export.ts';

/** Collects what the export cannot carry or carries differently; the same sentence is said once. */
export interface Notes {
  /** There is nothing for it in the target. */
  lost(message: string): void;
  /** The target has it, and it behaves otherwise. */
  differs(message: string): void;
  info(message: string): void;
  list(): Export['notes'];
}

export function createNotes(): Notes {
  const notes: Export['notes'] = [];
  const add = (level: Export['notes'][number]['level'], text: string): void => {
    // Notes also stand in the export as comments: nothing of the configuration may end the line.
    const message = text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ');
    if (!notes.some((note) => note.message === message)) notes.push({ level, message });
  };
  const order = ['lost', 'differs', 'info'];
  return {
    lost: (message) => add('lost', message),
    differs: (message) => add('differs', message),
    info: (message) => add('info', message),
    list: () => notes.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level)),
  };
}
