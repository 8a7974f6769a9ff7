import { type ChildProcess, spawn } from 'node:child_process';

/** Knows which process groups are ours, and ends them should we go without doing so ourselves. */
export interface ProcessGuard {
  add(pid: number): void;
  /** It has ended: its number may belong to somebody else from now on. */
  remove(pid: number): void;
}

/**
 * Reads `+PID` and `-PID`; when its input ends, we are gone, however that came about, and what is left is ended. Plain words of
 * every shell.
 */
const script = `left=
while read -r line; do
  pid=\${line#?}
  case $line in
    +*) left="$left $pid" ;;
    -*) rest=; for each in $left; do [ "$each" = "$pid" ] || rest="$rest $each"; done; left=$rest ;;
  esac
done
for each in $left; do kill -9 "-$each" 2>/dev/null; done`;

/**
 * A process that watches over replicas, started with the first of them. Few programs notice that whoever started them was
 * killed, and one that lives on holds its port. Windows has no such shell; there they are ended only when we end in order.
 */
export function createProcessGuard(): ProcessGuard {
  const pids = new Set<number>();
  let shell: ChildProcess | undefined;

  const tell = (line: string): void => {
    if (shell?.stdin?.writable) shell.stdin.write(`${line}\n`);
  };
  // An end without a stop: a second Ctrl-C, an error that nobody caught.
  process.on('exit', () => {
    for (const pid of pids) killGroup(pid);
  });

  return {
    add(pid) {
      pids.add(pid);
      if (!shell && process.platform !== 'win32') {
        // A group of its own: Ctrl-C in the terminal must not end it first.
        shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
        shell.on('error', () => {});
        shell.stdin?.on('error', () => {});
        shell.unref();
        (shell.stdin as unknown as { unref?(): void } | null)?.unref?.();
      }
      tell(`+${pid}`);
    },
    remove(pid) {
      pids.delete(pid);
      tell(`-${pid}`);
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
