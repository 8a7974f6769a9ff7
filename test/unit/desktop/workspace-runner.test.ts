import { ContractError } from '@shared/contract/errors.ts';
import { describe, expect, it } from 'vitest';
import type { WorkspaceChoice } from '../../../main/desktop/launch-choice.ts';
import { createWorkspaceRunner, type WorkspaceRun } from '../../../main/desktop/workspace-runner.ts';

const file = (path: string): WorkspaceChoice => ({ kind: 'file', path });
const demo: WorkspaceChoice = { kind: 'demo' };

/** Runs that note what happens to them. `refuse` decides whether a start succeeds, given what runs at that moment. */
function setUp(refuse: (name: string, running: ReadonlySet<string>) => Error | undefined = () => undefined) {
  const notes: string[] = [];
  const running = new Set<string>();
  const runner = createWorkspaceRunner({
    graceMs: 100,
    async prepare(choice): Promise<WorkspaceRun> {
      const name = choice.kind === 'file' ? choice.path : 'demo';
      return {
        path: name,
        owner: {
          async start() {
            const error = refuse(name, running);
            if (error) throw error;
            running.add(name);
            notes.push(`start ${name}`);
            return [];
          },
          serve: () => {
            throw new Error('nobody calls here');
          },
          async stop() {
            if (running.delete(name)) notes.push(`stop ${name}`);
          },
        },
        cleanup: async () => void notes.push(`clean ${name}`),
      };
    },
    onRunning: (run) => void notes.push(`running ${run.path}`),
    onLeaving: () => void notes.push('leaving'),
  });
  return { runner, notes, running };
}

describe('one workspace at a time', () => {
  it('runs the next one before it leaves the present one', async () => {
    const { runner, notes } = setUp();
    await runner.switchTo(demo);
    await runner.switchTo(file('a'));
    expect(notes).toEqual([
      'start demo',
      'running demo',
      'start a',
      'leaving',
      'stop demo',
      'clean demo',
      'running a',
    ]);
    expect(runner.current?.run.path).toBe('a');
  });

  it('keeps the present one when the next has a fault, and tidies up after that', async () => {
    const { runner, notes, running } = setUp((name) =>
      name === 'bad' ? new ContractError('invalid-config', 'bad.yaml:1:1 ...') : undefined,
    );
    await runner.switchTo(file('a'));
    await expect(runner.switchTo(file('bad'))).rejects.toThrow('bad.yaml:1:1');
    expect([...running]).toEqual(['a']);
    expect(notes).toEqual(['start a', 'running a', 'clean bad']);
  });

  it('stops the present one first when the next wants a port that it holds', async () => {
    const { runner, running, notes } = setUp((name, others) =>
      name === 'b' && others.has('a') ? new ContractError('unavailable', 'port taken') : undefined,
    );
    await runner.switchTo(file('a'));
    await runner.switchTo(file('b'));
    expect([...running]).toEqual(['b']);
    expect(notes).toContain('stop a');
  });

  it('goes back to the present one when the port is held by somebody else', async () => {
    const { runner, running } = setUp((name) =>
      name === 'b' ? new ContractError('unavailable', 'held by "node server.js" (pid 1234)') : undefined,
    );
    await runner.switchTo(file('a'));
    await expect(runner.switchTo(file('b'))).rejects.toThrow('pid 1234');
    expect([...running]).toEqual(['a']);
    expect(runner.current?.choice).toEqual(file('a'));
  });

  it('leaves the file that runs already as it is', async () => {
    const { runner, notes } = setUp();
    await runner.switchTo(file('a'));
    await runner.switchTo(file('a'));
    expect(notes).toEqual(['start a', 'running a']);
  });

  it('switches in the order it was asked', async () => {
    const { runner, running } = setUp();
    await Promise.all([runner.switchTo(file('a')), runner.switchTo(file('b')), runner.switchTo(demo)]);
    expect([...running]).toEqual(['demo']);
  });

  it('tells those who wait for an owner once one runs, a failed start between notwithstanding', async () => {
    let broken = true;
    const { runner } = setUp(() => (broken ? new ContractError('io-failed', 'no such file') : undefined));
    const waiting = runner.whenRunning();
    await expect(runner.switchTo(file('a'))).rejects.toThrow('no such file');
    broken = false;
    await runner.switchTo(file('a'));
    expect(await waiting).toBe(runner.current?.run.owner);
    expect(await runner.whenRunning()).toBe(runner.current?.run.owner);
  });

  it('leaves nothing running when stopped, what was still starting included', async () => {
    let stopping: Promise<void> | undefined;
    const { runner, running, notes } = setUp((name) => {
      if (name === 'a') stopping = runner.stop();
      return undefined;
    });
    await runner.switchTo(file('a'));
    await stopping;
    await runner.switchTo(file('b'));
    expect([...running]).toEqual([]);
    expect(notes.at(-1)).toBe('clean a');
  });
});
