import type { RunningBallast } from './interface-kit.ts';
import { isAlive } from './is-alive.ts';
import { until } from './until.ts';

/** `kill -9` from outside, as a crash would be: ends the process behind a server of listener `web`. Resolves when it is gone. */
export async function killReplica(
  ballast: Pick<RunningBallast, 'listeners'>,
  server: string,
): Promise<number> {
  const pid = await until(`${server} answers`, async () => {
    const response = await fetch(ballast.listeners.web!, { headers: { accept: 'application/json' } });
    const answer = (await response.json()) as { server: string; pid: number };
    return answer.server === server && answer.pid;
  });
  process.kill(pid, 'SIGKILL');
  await until(`process ${pid} is gone`, () => !isAlive(pid));
  return pid;
}
