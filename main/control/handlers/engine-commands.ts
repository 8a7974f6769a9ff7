import type { EngineCommandName, Handlers } from '@shared/contract/commands.ts';
import type { EngineHost } from '../engine-host.ts';

/** These stay between the owner and its engine. */
type Own = 'engine.apply' | 'engine.stop' | 'session.save' | 'session.restore';
type Forwarded = Exclude<EngineCommandName, Own>;

/** Commands that the engine answers itself are passed on to it. */
export function engineCommands({ call }: Pick<EngineHost, 'call'>): Handlers<Forwarded> {
  return {
    'status.get': (params) => call('status.get', params),
    'request.list': (params) => call('request.list', params),
    'request.get': (params) => call('request.get', params),
    'request.record': (params) => call('request.record', params),
    'session.list': (params) => call('session.list', params),
    'session.end': (params) => call('session.end', params),
    'session.end-all': (params) => call('session.end-all', params),
    'session.move': (params) => call('session.move', params),
    'session.pin': (params) => call('session.pin', params),
    'server.set-admin-state': (params) => call('server.set-admin-state', params),
    'server.probe': (params) => call('server.probe', params),
    'server.probes': (params) => call('server.probes', params),
  };
}
