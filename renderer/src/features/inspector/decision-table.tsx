import { formatMs } from '../../metrics/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { ServerName } from '../../ui/server-name.tsx';
import type { PresentedDecision } from './present-decision.ts';

/** Every server of the pool as it was seen when one was chosen. */
export function DecisionTable({
  presented: { title, strategy, rows, sentence },
}: {
  presented: PresentedDecision;
}) {
  return (
    <>
      <h3>
        <span className="decision-title">{title}</span>
        <small>{strategy}</small>
      </h3>
      <p className="sentence">{sentence}</p>
      <table className="decision">
        <thead>
          <tr>
            <th scope="col">server</th>
            <th scope="col" className="end">
              weight
            </th>
            <th scope="col" className="end">
              in flight
            </th>
            <th scope="col" className="end">
              <span title="The response time it counted for, in ms: follows peaks at once and forgets them slowly; a failure counts for a slow answer">
                ms
              </span>
            </th>
            <th scope="col" className="visually-hidden">
              seen as
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, weight, inFlight, latencyMs, note, standing, facts }) => (
            <tr key={id} className={standing}>
              <td>
                <ServerName id={id} />
              </td>
              <td className="end">{weight}</td>
              <td className="end">{inFlight}</td>
              <td className="end">{formatMs(latencyMs)}</td>
              <td>
                {standing === 'picked' && (
                  <>
                    <Icon name="check" size={12} />
                    {note !== 'picked' && <span className="visually-hidden">picked: </span>}
                  </>
                )}
                {note}
                {facts.length > 0 && <small className="decision-facts">{facts.join(', ')}</small>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
