import { affinities, affinityKinds } from '@shared/catalog/affinities.ts';
import { batchingModeKinds, batchingModes } from '@shared/catalog/batching.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import { ejectionStage, isInService } from '@shared/contract/ejection-stage.ts';
import { formatDuration } from '@shared/lib/duration.ts';
import { useShallow } from 'zustand/react/shallow';
import { run } from '../../connection/run.ts';
import { setAffinity } from '../../connection/set-affinity.ts';
import { plural } from '../../metrics/format.ts';
import { selectServerIds, useConfig } from '../../store/config.ts';
import { useBlocked } from '../../store/connection.ts';
import { showScreen } from '../../store/interface.ts';
import { useServers } from '../../store/servers.ts';
import { useSlowMetrics } from '../../store/slow-metrics.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { Icon } from '../../ui/icon.tsx';
import { MenuButton } from '../../ui/menu.tsx';
import { levelInUse } from './level-in-use.ts';
import { CircuitChip } from './pool-circuit.tsx';
import { RetryChips } from './retry-chips.tsx';
import { StrategyMenu } from './strategy-menu.tsx';
import { useWaitsForSlot } from './use-waits-for-slot.ts';

/** Name, strategy, checks and affinity of a pool, and how many of its servers take requests. */
export function PoolHead({ name, onAddServer }: { name: string; onAddServer: () => void }) {
  const pool = useConfig(({ pools }) => pools[name]);
  const blocked = useBlocked('edit');
  const { inService, onTrial, inPanic, fallback } = useStanding(name);
  const sessions = useSlowMetrics(({ metrics }) => metrics?.pools[name]?.sessions ?? 0);
  const waiting = useSlowMetrics(({ metrics }) => metrics?.pools[name]?.queue.length ?? 0);
  const waitsForSlot = useWaitsForSlot(name);
  if (!pool) return null;
  return (
    <header className="pool-head">
      <h2>{name}</h2>
      <StrategyMenu pool={name} strategy={pool.strategy} />
      <Chip className="checks">{healthText(pool.healthCheck)}</Chip>
      <AffinityMenu pool={name} affinity={pool.affinity} sessions={sessions} />
      {pool.batching.mode !== 'off' && (
        <Chip className="batching">{batchingModes[pool.batching.mode].label.toLowerCase()}</Chip>
      )}
      <RetryChips name={name} isHedging={pool.retry.hedge !== undefined} />
      <CircuitChip name={name} />
      {fallback !== '' && (
        <Chip
          tone="warn"
          className="fallback"
          title={
            fallback === backupText
              ? 'No primary server takes requests: the backups do'
              : 'No server of a better priority takes requests'
          }
        >
          {fallback}
        </Chip>
      )}
      {inPanic > 0 && (
        <Chip
          tone="warn"
          className="panic"
          title={`So few servers are well that ${plural(inPanic, 'other')} get requests all the same (panic)`}
        >
          panic
        </Chip>
      )}
      {waiting > 0 && <Chip tone="warn" className="waiting">{`${waiting} in the queue`}</Chip>}
      <span className="space" />
      <span
        className="available"
        data-tone={
          inService === 0 && !waitsForSlot ? 'bad' : inService < pool.serverIds.length ? 'warn' : 'good'
        }
      >
        {inService} of {pool.serverIds.length}
        <span className="available-word"> available</span>
        {onTrial > 0 && `, ${onTrial} awaiting a trial`}
      </span>
      <MenuButton
        label={`Pool ${name}`}
        placement="bottom end"
        sections={[
          {
            id: 'batching',
            title: 'Connections to its servers',
            entries: batchingModeKinds.map((mode) => ({
              id: mode,
              label: batchingModes[mode].label,
              detail: blocked ?? batchingModes[mode].explain,
              isSelected: mode === pool.batching.mode,
              disabledReason: blocked,
              run: () => {
                if (mode === pool.batching.mode) return;
                void run(
                  'pool.set-batching',
                  { pool: name, batching: mode },
                  `Batching of ${name} not changed`,
                  {
                    done: `${name}: ${batchingModes[mode].label.toLowerCase()}`,
                    canUndo: true,
                  },
                );
              },
            })),
          },
          {
            id: 'pool',
            entries: [
              {
                id: 'add',
                label: 'Add a server…',
                icon: 'plus',
                shortcut: 'A',
                disabledReason: blocked,
                run: onAddServer,
              },
              {
                id: 'remove',
                label: 'Remove the pool',
                detail: 'With its servers, from the file. Can be undone.',
                icon: 'trash',
                tone: 'bad',
                disabledReason: blocked,
                run: () =>
                  void run('pool.remove', { pool: name }, `Pool ${name} not removed`, {
                    done: `Removed pool ${name}`,
                    canUndo: true,
                  }),
              },
            ],
          },
        ]}
      >
        <IconButton icon="more" label={`More for pool ${name}`} />
      </MenuButton>
    </header>
  );
}

const backupText = 'on backup';

function fallbackText(level: ReturnType<typeof levelInUse>): string {
  if (level === undefined) return '';
  return level.kind === 'backup' ? backupText : `on priority ${level.priority}`;
}

/** How many of its servers serve, which stand in for others, await a trial request, or are asked only because the pool is in panic. */
function useStanding(name: string) {
  const ids = useConfig(selectServerIds(name));
  const records = useConfig((state) => state.servers);
  return useServers(
    useShallow(({ servers }) => {
      const nowMs = Date.now();
      const told = ids.flatMap((id) => servers[id] ?? []);
      return {
        fallback: fallbackText(
          levelInUse(
            told.flatMap(({ id, available, inPanic }) => {
              const record = records[id];
              return record ? { ...record, serves: available && !inPanic } : [];
            }),
          ),
        ),
        inService: told.filter((status) => isInService(status, nowMs)).length,
        onTrial: told.filter(
          (status) => status.available && ejectionStage(status, nowMs) === 'awaiting-trial',
        ).length,
        // Not those that drain: they take no new clients, panic or not.
        inPanic: told.filter(({ inPanic, available, reason }) => inPanic && (available || reason === 'full'))
          .length,
      };
    }),
  );
}

function AffinityMenu({
  pool,
  affinity,
  sessions,
}: {
  pool: string;
  affinity: PoolConfig['affinity'];
  sessions: number;
}) {
  const blocked = useBlocked('edit');
  const text =
    affinity.type === 'none'
      ? 'no affinity'
      : `${affinity.type} ${formatDuration(affinity.ttlMs)} · ${plural(sessions, 'session')}`;
  return (
    <MenuButton
      label={`Affinity of pool ${pool}`}
      width={400}
      sections={[
        {
          id: 'affinities',
          title: 'What binds a client to a server',
          entries: affinityKinds.map((each) => ({
            id: each,
            label: affinities[each].label,
            detail: blocked ?? affinities[each].explain,
            isSelected: each === affinity.type,
            disabledReason: blocked,
            run: () => {
              if (each !== affinity.type) void setAffinity(pool, each);
            },
          })),
        },
        {
          id: 'look',
          entries: [
            {
              id: 'sessions',
              label: 'Show the sessions',
              icon: 'sessions',
              run: () => showScreen('sessions'),
            },
          ],
        },
      ]}
    >
      <Button
        className="chip quiet"
        aria-label={`Affinity of pool ${pool}: ${text}`}
        tooltip={affinities[affinity.type].explain}
      >
        <span className="chip-text">{text}</span>
        <Icon name="chevronDown" size={12} />
      </Button>
    </MenuButton>
  );
}

/** `health GET /health · 2s`. */
export function healthText(check: PoolConfig['healthCheck']): string {
  switch (check.type) {
    case 'none':
      return 'no health check';
    case 'tcp':
      return `health TCP · ${formatDuration(check.intervalMs)}`;
    case 'http':
      return `health ${check.method} ${check.path} · ${formatDuration(check.intervalMs)}`;
    case 'grpc':
      return `health gRPC${check.service === '' ? '' : ` ${check.service}`} · ${formatDuration(check.intervalMs)}`;
  }
}
