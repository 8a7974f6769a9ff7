import type { EngineStatus, GeneratorStatus, WorkspaceStatus } from '@shared/contract/system-values.ts';
import { create } from 'zustand';

interface SystemState {
  readonly engine: EngineStatus | undefined;
  readonly workspace: WorkspaceStatus | undefined;
  readonly generator: GeneratorStatus | undefined;
}

export const useSystem = create<SystemState>(() => ({
  engine: undefined,
  workspace: undefined,
  generator: undefined,
}));

export function setSystem(part: Partial<SystemState>): void {
  useSystem.setState(part);
}
