import { useShallow } from 'zustand/react/shallow';
import { plural } from '../../metrics/format.ts';
import { useSlowMetrics } from '../../store/slow-metrics.ts';
import { Chip } from '../../ui/chip.tsx';

/** What its servers have to do beyond one attempt for each request: amplification while there is some, hedges where they are asked for. */
export function RetryChips({ name, isHedging }: { name: string; isHedging: boolean }) {
  const { perRequest, retries, hedges, hedgesWon } = useSlowMetrics(
    useShallow(({ metrics }) => {
      const pool = metrics?.pools[name];
      return {
        perRequest: pool?.attemptsPerRequest.recent ?? 1,
        retries: pool?.retries ?? 0,
        hedges: pool?.hedges ?? 0,
        hedgesWon: pool?.hedgesWon ?? 0,
      };
    }),
  );
  return (
    <>
      {perRequest >= 1.005 && (
        <Chip
          tone="warn"
          className="amplified"
          title={`Since start ${plural(retries, 'attempt')} after a request's first, ${hedges} of them hedges`}
        >{`${perRequest.toFixed(2)} attempts per request`}</Chip>
      )}
      {isHedging && (
        <Chip
          className="hedges"
          title={`Since start ${plural(hedges, 'attempt')} begun beside one that took long; ${hedgesWon} answered first`}
        >
          {`${plural(hedges, 'hedge')}, ${hedgesWon} won`}
        </Chip>
      )}
    </>
  );
}
