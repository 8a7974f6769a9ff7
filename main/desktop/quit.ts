import type { App } from 'electron';

export interface QuitOptions {
  readonly app: Pick<App, 'on' | 'quit' | 'exit'>;
  readonly stop: () => Promise<void>;
  /** The app ends anyway, with 1, when stopping takes longer. */
  readonly deadlineMs: number;
  readonly log: (text: string) => void;
}

/** Replicas and listeners end before the app does, however it is asked to quit. */
export function stopBeforeQuit({ app, stop, deadlineMs, log }: QuitOptions): void {
  let state: 'running' | 'stopping' | 'stopped' = 'running';
  app.on('before-quit', (event) => {
    if (state === 'stopped') return;
    event.preventDefault();
    if (state === 'stopping') return;
    state = 'stopping';
    const deadline = setTimeout(() => {
      log('not everything stopped in time; ending anyway');
      app.exit(1);
    }, deadlineMs);
    stop()
      .catch((error: unknown) => log(`stopping failed: ${String(error)}`))
      .finally(() => {
        clearTimeout(deadline);
        state = 'stopped';
        app.quit();
      });
  });
}
