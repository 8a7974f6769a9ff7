import type { ContractClient, StateListener } from '@shared/contract/client.ts';
import type {
  ConfigSnapshot,
  EngineStatus,
  GeneratorStatus,
  WorkspaceStatus,
} from '@shared/contract/system-values.ts';
import { metricsHistory } from '../metrics/history.ts';
import { setConfig } from '../store/config.ts';
import { appendEvents, forgetEvents } from '../store/events.ts';
import { changeListeners } from '../store/listeners.ts';
import { changeReplicas } from '../store/replicas.ts';
import { appendRequests, forgetRequests, onRequestsWanted } from '../store/requests.ts';
import { changeServers } from '../store/servers.ts';
import { takeSlowMetrics } from '../store/slow-metrics.ts';
import { setSystem } from '../store/system.ts';

/** Keyed changes as the stores take them; a snapshot replaces everything. */
export interface Keyed<V> {
  readonly replace: boolean;
  readonly set: readonly (readonly [string, V])[];
  readonly removed: readonly string[];
}

/** Subscribes a fresh client to everything the interface always shows, and the request log while a screen wants it. */
export function sync(client: ContractClient): void {
  client.state(
    'config',
    keyed<ConfigSnapshot>(({ set }) => set[0] && setConfig(set[0][1])),
  );
  client.state(
    'system',
    keyed<EngineStatus | WorkspaceStatus | GeneratorStatus>(({ set }) =>
      setSystem(Object.fromEntries(set) as Parameters<typeof setSystem>[0]),
    ),
  );
  client.state('replicas', keyed(changeReplicas));
  client.state('servers', keyed(changeServers));
  client.state('listeners', keyed(changeListeners));
  client.sample('metrics', (metrics) => {
    metricsHistory.push(metrics);
    takeSlowMetrics(metrics);
  });

  forgetEvents();
  client.log('events', ({ entries, dropped }) => appendEvents(entries, dropped));

  let stopRequests: (() => void) | undefined;
  const stopWanting = onRequestsWanted((wanted) => {
    if (wanted && !stopRequests) {
      forgetRequests();
      stopRequests = client.log('requests', ({ entries, dropped }) => appendRequests(entries, dropped));
    } else if (!wanted && stopRequests) {
      stopRequests();
      stopRequests = undefined;
    }
  });
  client.onClose(stopWanting);
}

function keyed<V>(change: (change: Keyed<V>) => void): StateListener<V> {
  return {
    onSnapshot: (entries) => change({ replace: true, set: entries, removed: [] }),
    onChange: (set, removed) => change({ replace: false, set, removed }),
  };
}
