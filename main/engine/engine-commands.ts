import type { Config } from '@shared/config/schema.ts';
import type { EngineCommandName, Handlers } from '@shared/contract/commands.ts';
import { ContractError } from '@shared/contract/errors.ts';
import type { ListenerStatus } from '@shared/contract/system-values.ts';
import { BindError } from './bind-error.ts';
import type { Engine } from './engine.ts';

/** What the engine answers itself. @param changed told after a command that changed what subscribers see */
export function engineCommands(engine: Engine, changed: () => void): Handlers<EngineCommandName> {
  let started = false;
  /** Parts that were not asked for yet. */
  let saving: ReturnType<Engine['saveSessions']> | undefined;

  async function apply(config: Config): Promise<ListenerStatus[]> {
    try {
      const listeners = await (started ? engine.apply(config) : engine.start(config));
      started = true;
      changed();
      return listeners;
    } catch (error) {
      throw error instanceof BindError ? refusal(error, config) : error;
    }
  }

  return {
    'status.get': async () => ({
      servers: engine.servers(),
      listeners: engine.listeners(),
      metrics: engine.metrics(),
      resources: await engine.resources(),
    }),
    'request.list': (filter) => engine.listRequests(filter),
    async 'request.get'({ id }) {
      const detail = await engine.request(id);
      if (detail) return detail;
      throw new ContractError(
        'not-found',
        `request ${id} is not in the journal: either it is not over yet, and is written down when it is, or it is older than what is kept (journalRequests); look for its number in the list of requests (ballast requests)`,
      );
    },
    'request.record': (page) => engine.recordRequests(page),
    'session.list': (filter) => engine.sessions(filter),
    'session.end'({ pool, id }) {
      engine.endSession(pool, id);
      return {};
    },
    'session.end-all': ({ pool, server }) => ({ ended: engine.endSessions(pool, server) }),
    'session.move': ({ pool, id, server }) => ({ before: engine.moveSession(pool, id, server) }),
    'session.pin': ({ pool, id, pinned }) => engine.pinSession(pool, id, pinned),
    'session.save'({ isFirst }) {
      if (isFirst) saving = engine.saveSessions();
      const next = saving?.next();
      return { part: next && !next.done ? next.value : null };
    },
    'session.restore'({ saved }) {
      engine.restoreSessions(saved);
      return {};
    },
    'server.set-admin-state'({ pool, server, adminState, drainMs }) {
      const before = engine.setAdminState(pool, server, adminState, drainMs);
      changed();
      return { before };
    },
    'server.probe'({ pool, server }) {
      engine.probe(pool, server);
      return {};
    },
    'server.probes': ({ pool, server }) => engine.probes(pool, server),
    'engine.apply': async ({ config }) => ({ listeners: await apply(config) }),
    'engine.stop': async ({ graceMs }) => ({ unfinishedRequests: await engine.stop(graceMs) }),
  };
}

/** Points at the place in the configuration, so that the owner can add its line, and who holds the port. */
function refusal(error: BindError, { listeners }: Config): ContractError {
  const index = listeners.findIndex(({ name }) => name === error.listener);
  return new ContractError('unavailable', error.message, [
    { path: ['listeners', index, 'bind'], message: error.message },
  ]);
}
