import type { Config } from '@shared/config/schema.ts';
import { systemClock } from '../../main/engine/clock.ts';
import { createEngine, type Engine, type EngineOptions } from '../../main/engine/engine.ts';
import { afterThisTest } from './after-this-test.ts';
import { configOf, type PoolInput } from './config-of.ts';

export interface RunningEngine {
  readonly engine: Engine;
  /** Of its one listener. */
  readonly url: string;
  readonly port: number;
  /** The same listener before another pool. */
  apply(pool: PoolInput): ReturnType<Engine['apply']>;
}

/** An engine in this thread that runs nothing yet; stopped after the test. */
export function engineOfTest(options: Partial<EngineOptions> = {}): Engine {
  const engine = createEngine({ clock: systemClock, random: Math.random, log: () => {}, ...options });
  afterThisTest(() => engine.stop(500));
  return engine;
}

/** The engine in this thread, with one listener on any free port in front of the pool `api`; stopped after the test. */
export async function runEngine(
  pool: PoolInput,
  options: Partial<EngineOptions> = {},
): Promise<RunningEngine> {
  const engine = engineOfTest(options);
  const [listener] = await engine.start(oneListener(pool));
  const { url } = listener!;
  return {
    engine,
    url,
    port: Number(new URL(url).port),
    apply: (next) => engine.apply(oneListener(next)),
  };
}

/** A listener that leads to the pool `api`. @param bind any free port of 127.0.0.1 where it is left out */
export function oneListener(pool: PoolInput, bind = '127.0.0.1:0'): Config {
  return configOf({
    listeners: [{ name: 'web', bind, pool: 'api' }],
    pools: [{ name: 'api', ...pool }],
  });
}
