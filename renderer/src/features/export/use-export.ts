import type { CommandResult } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import { useEffect, useState } from 'react';
import { call } from '../../connection/control.ts';
import { useConfig } from '../../store/config.ts';
import { useConnection } from '../../store/connection.ts';

export type Rendered = CommandResult<'export.render'>;

export interface ExportState {
  /** The last one rendered: it stays in sight until the next is there. */
  readonly rendered: Rendered | undefined;
  readonly problem: string | undefined;
}

/** The export of what runs now: rendered anew at every change of the configuration. */
export function useExport(targetVersion: string): ExportState {
  const [state, setState] = useState<ExportState>({ rendered: undefined, problem: undefined });
  const revision = useConfig((config) => config.revision);
  const isConnected = useConnection(({ state: connection }) => connection.phase === 'connected');
  // biome-ignore lint/correctness/useExhaustiveDependencies: another revision is another export
  useEffect(() => {
    if (!isConnected) return;
    let isOver = false;
    call('export.render', { dialect: 'nginx', targetVersion }).then(
      (rendered) => isOver || setState({ rendered, problem: undefined }),
      (error: unknown) => {
        if (isOver) return;
        const problem = error instanceof ContractError ? error.message : String(error);
        setState((before) => ({ ...before, problem }));
      },
    );
    return () => {
      isOver = true;
    };
  }, [targetVersion, revision, isConnected]);
  return state;
}
