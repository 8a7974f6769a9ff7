import type { CircuitStatus } from '@shared/contract/metrics-values.ts';
import { useShallow } from 'zustand/react/shallow';
import { formatTime, plural } from '../../metrics/format.ts';
import { useSlowMetrics } from '../../store/slow-metrics.ts';
import { Chip } from '../../ui/chip.tsx';
import { Icon } from '../../ui/icon.tsx';

const words: Record<CircuitStatus['state'], string> = {
  closed: 'circuit closed',
  open: 'circuit open',
  'half-open': 'circuit half open',
};

/** How the circuit of a pool stands; nothing where it has none. */
export function CircuitChip({ name }: { name: string }) {
  const state = useSlowMetrics(({ metrics }) => metrics?.pools[name]?.circuit?.state);
  if (state === undefined) return null;
  return (
    <Chip tone={state === 'closed' ? 'quiet' : 'warn'} className="circuit">
      {words[state]}
    </Chip>
  );
}

/** What clients of a pool meet while its circuit is not closed, why, and until when. */
export function CircuitTrouble({ name }: { name: string }) {
  const circuit = useSlowMetrics(useShallow(({ metrics }) => metrics?.pools[name]?.circuit));
  const trials = useSlowMetrics(useShallow(({ metrics }) => metrics?.pools[name]?.circuit?.trials));
  if (!circuit || circuit.state === 'closed') return null;
  const { state, because, openUntilMs, refused } = circuit;
  return (
    <p className="pool-trouble" data-tone={state === 'open' ? 'bad' : 'warn'} role="status">
      <Icon name="alert" size={14} />
      <span>
        <b>
          {state === 'open'
            ? `The circuit is open: clients get 503 until ${formatTime(openUntilMs ?? 0)}.`
            : `The circuit is half open: only trial requests go through, ${trials?.succeeded ?? 0} of ${trials?.of ?? 0} went well.`}
        </b>{' '}
        {capital(because ?? '')}. {plural(refused, 'request')} refused since start.
      </span>
    </p>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
