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
        {title}
        <small>{strategy}</small>
      </h3>
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
            <th scope="col">seen as</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, weight, activeRequests, note, standing }) => (
            <tr key={id} className={standing}>
              <td>
                <ServerName id={id} />
              </td>
              <td className="end">{weight}</td>
              <td className="end">{activeRequests}</td>
              <td>
                {standing === 'picked' && (
                  <>
                    <Icon name="check" size={12} />
                    {note !== 'picked' && <span className="visually-hidden">picked: </span>}
                  </>
                )}
                {note}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="sentence">{sentence}</p>
    </>
  );
}
