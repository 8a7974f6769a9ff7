import { useConfig } from '../../store/config.ts';
import { useListeners } from '../../store/listeners.ts';
import { wayLine, wayTo } from '../../store/way-in.ts';
import { type AffinitySummary, bindingRequest, noWayTo } from './present-session.ts';

/** What binds a client to a server of this pool, and a request that does. */
export function HowToBind({ pool }: { pool: AffinitySummary }) {
  const config = useConfig((state) => state.config);
  const way = config && wayTo(config, pool.pool);
  const status = useListeners(({ listeners }) => listeners[way?.listener.name ?? '']);
  const { text, options } = bindingRequest(pool);
  if (way === undefined)
    return (
      <p>
        {text}. {config && noWayTo(config, pool.pool)}
      </p>
    );
  return (
    <>
      <p>{text}:</p>
      <p>
        <code className="code-line">{wayLine(way, status, ...options)}</code>
      </p>
    </>
  );
}
