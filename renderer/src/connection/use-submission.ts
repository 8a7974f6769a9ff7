import type { CommandParams } from '@shared/contract/commands.ts';
import { useState } from 'react';
import { type EditCommand, submit } from './run.ts';

export interface Submission {
  /** Why the last one was refused; undefined while there is nothing to say. */
  readonly refusal: string | undefined;
  readonly isSending: boolean;
  /** What was refused is being written anew. */
  forget(): void;
  /** Sends an edit, and closes the form when it is done. Nothing while another is on its way: a key held down sends one. */
  send<N extends EditCommand>(name: N, params: CommandParams<N>, done: string): Promise<void>;
}

/** The way of a form's edit: one at a time, and a refusal is told in the form. */
export function useSubmission(close: () => void): Submission {
  const [refusal, setRefusal] = useState<string>();
  const [isSending, setSending] = useState(false);
  return {
    refusal,
    isSending,
    forget: () => setRefusal(undefined),
    async send(name, params, done) {
      if (isSending) return;
      setSending(true);
      try {
        const refused = await submit(name, params, done);
        if (refused === undefined) close();
        else setRefusal(refused);
      } finally {
        setSending(false);
      }
    },
  };
}
