import { ContractError } from '@shared/contract/errors.ts';
import type { RequestDetail } from '@shared/contract/request-values.ts';
import { useEffect, useState } from 'react';
import { call } from '../../connection/control.ts';

export interface RequestState {
  /** Of the id asked for, or still of the one before while the answer is on its way: the panel does not flicker. */
  readonly request: RequestDetail | undefined;
  readonly problem: string | undefined;
}

export function useRequest(id: string): RequestState {
  const [state, setState] = useState<RequestState>({ request: undefined, problem: undefined });
  useEffect(() => {
    let isOver = false;
    call('request.get', { id }).then(
      (request) => isOver || setState({ request, problem: undefined }),
      (error: unknown) => {
        if (isOver) return;
        const isForgotten = error instanceof ContractError && error.code === 'not-found';
        setState({
          request: undefined,
          problem: isForgotten
            ? 'The journal no longer has this request: it keeps the newest, and this one was older.'
            : error instanceof Error
              ? error.message
              : String(error),
        });
      },
    );
    return () => {
      isOver = true;
    };
  }, [id]);
  return state;
}
