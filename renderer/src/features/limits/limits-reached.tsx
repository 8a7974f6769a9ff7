import { limitCountText, limitKeyText } from '@shared/catalog/limit-text.ts';
import { type LimitKind, limits } from '@shared/catalog/limits.ts';
import type { LimitCount, Metrics } from '@shared/contract/metrics-values.ts';
import { useShallow } from 'zustand/react/shallow';
import { formatTime } from '../../metrics/format.ts';
import { useConfig } from '../../store/config.ts';
import { useSlowMetrics } from '../../store/slow-metrics.ts';
import { Icon } from '../../ui/icon.tsx';

/** More of them are counted, not listed. */
const mostShown = 3;
/** So long it stands out. */
const recentMs = 60_000;

interface Place {
  readonly place: 'listener' | 'pool';
  readonly name: string;
}

/** The limits that clients met at a listener or pool since Ballast runs, in the order in which they were first met. */
export function LimitsReached(of: Place) {
  const kinds = useSlowMetrics(useShallow(({ metrics }) => kindsReached(metrics, of)));
  if (kinds.length === 0) return null;
  const shown = kinds.slice(0, mostShown);
  const more = kinds.length - shown.length;
  return (
    <ul className="limits-reached" data-place={of.place} aria-label={`Limits reached at ${of.name}`}>
      {shown.map((kind) => (
        <LimitLine key={kind} of={of} kind={kind} />
      ))}
      {more > 0 && <li className="limits-more">{`and ${more} more: ballast status`}</li>}
    </ul>
  );
}

function LimitLine({ of, kind }: { of: Place; kind: LimitKind }) {
  const count = useSlowMetrics(({ metrics }) => reachedAt(metrics, of, kind)?.count ?? 0);
  const lastAtMs = useSlowMetrics(({ metrics }) => reachedAt(metrics, of, kind)?.lastAtMs ?? 0);
  const isRecent = useSlowMetrics(({ metrics }) => (metrics?.atMs ?? 0) - lastAtMs < recentMs);
  const key = useConfig(({ pools, listeners }) =>
    limitKeyText(kind, of.place === 'pool' ? pools[of.name] : listeners[of.name]),
  );
  return (
    <li className="limit" data-recent={isRecent} title={sentence(kind)}>
      <Icon name="alert" size={13} />
      <span className="limit-count">{limitCountText(kind, count)}</span>
      {/* The card is narrow, and all of a listener's limits stand below one key. */}
      <code>{of.place === 'listener' ? key.replace(/^limits\./, '') : key}</code>
      <time dateTime={new Date(lastAtMs).toISOString()}>last {formatTime(lastAtMs)}</time>
    </li>
  );
}

/** Housekeeping, which is nobody's trouble, is left out. */
function kindsReached(metrics: Metrics | undefined, of: Place): LimitKind[] {
  return (metrics?.limits ?? [])
    .filter((each) => isAt(each, of) && !limits[each.kind].routine)
    .map(({ kind }) => kind);
}

function reachedAt(metrics: Metrics | undefined, of: Place, kind: LimitKind): LimitCount | undefined {
  return metrics?.limits.find((each) => each.kind === kind && isAt(each, of));
}

const isAt = (each: LimitCount, { place, name }: Place): boolean => each[place] === name;

function sentence(kind: LimitKind): string {
  const { effect, key } = limits[kind];
  return `${effect.charAt(0).toUpperCase()}${effect.slice(1)} (${key}).`;
}
