import { useConfig } from '../../store/config.ts';
import { curlLine, listenerUrl, useListeners } from '../../store/listeners.ts';
import { type AffinitySummary, bindingRequest, wayTo } from './present-session.ts';

/** What binds a client to a server of this pool, and a request that does. */
export function HowToBind({ pool }: { pool: AffinitySummary }) {
  const config = useConfig((state) => state.config);
  const way = config && wayTo(config, pool.pool);
  const status = useListeners(({ listeners }) => listeners[way?.listener.name ?? '']);
  const { text, options } = bindingRequest(pool);
  if (way === undefined) return <p>{text}. No listener leads to its pool.</p>;
  const host = way.host === undefined ? [] : [`-H 'host: ${way.host}'`];
  return (
    <>
      <p>{text}:</p>
      <p>
        <code className="code-line">
          {curlLine(`${listenerUrl(way.listener.bind, status)}${way.path}`, ...options, ...host)}
        </code>
      </p>
    </>
  );
}
