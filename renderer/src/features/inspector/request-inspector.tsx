import type { Attempt, RequestDetail } from '@shared/contract/request-values.ts';
import { type CSSProperties, useState } from 'react';
import { formatMs, formatTime } from '../../metrics/format.ts';
import { serverColour } from '../../store/colours.ts';
import { useConfig } from '../../store/config.ts';
import { select, showRequests } from '../../store/interface.ts';
import { Icon } from '../../ui/icon.tsx';
import { ServerName } from '../../ui/server-name.tsx';
import { DecisionTable } from './decision-table.tsx';
import { InspectHead } from './inspect-head.tsx';
import {
  affinityText,
  presentDecision,
  routeText,
  type WaterfallRow,
  waterfall,
} from './present-decision.ts';
import { useRequest } from './use-request.ts';

/** One request: why its server was chosen, what every attempt came to, what became of its session. */
export function RequestInspector({ id }: { id: string }) {
  const { request, problem } = useRequest(id);
  if (problem !== undefined) {
    return (
      <div className="inspect">
        <InspectHead title="Request">
          <code>{id}</code>
        </InspectHead>
        <p className="inspect-note">{problem}</p>
      </div>
    );
  }
  return request ? <Told key={request.id} request={request} /> : null;
}

/** A decision of the request, and the attempts that were made before it. */
interface Choice {
  readonly decision: NonNullable<Attempt['decision']>;
  readonly earlier: readonly Attempt[];
}

function choices({ attemptList, unserved }: RequestDetail): (Choice | undefined)[] {
  const made = attemptList.map(({ decision }, index) =>
    decision === null ? undefined : { decision, earlier: attemptList.slice(0, index) },
  );
  return unserved === null ? made : [...made, { decision: unserved, earlier: attemptList }];
}

function Told({ request }: { request: RequestDetail }) {
  const all = choices(request);
  const [shownIndex, show] = useState(all.length - 1);
  const shown = all[shownIndex];
  const { status, error, method, target, durationMs, atMs, client, attemptList } = request;
  const failed = error !== null || status >= 500;
  const affinity = all.findLast((each) => each !== undefined)?.decision.affinity;
  return (
    <div className="inspect">
      <InspectHead title="Request">
        <code>{request.id}</code>
        <span className={`state ${failed ? 'bad' : status >= 400 ? 'warn' : 'good'}`}>
          <Icon name={failed ? 'alert' : status >= 400 ? 'info' : 'check'} size={14} />
          {status === 0 ? 'no response' : status}
        </span>
      </InspectHead>
      <p className="inspect-target">
        <b>{method}</b> <code>{target}</code>
      </p>
      <p className="inspect-line">
        {formatMs(durationMs)} ms · {formatTime(atMs, true)} · from {client}
      </p>
      <p className="inspect-line">
        {routeText(request)}
        {request.pool !== null && ` → pool ${request.pool}`}
      </p>
      {error !== null && <p className="inspect-error">{error}</p>}

      {shown ? (
        <DecisionTable presented={presentDecision(shown.decision, shown.earlier)} />
      ) : (
        <p className="inspect-note">
          {request.pool === null
            ? 'No route of the listener matched, so no server was looked for.'
            : 'No decision was recorded for this attempt.'}
        </p>
      )}

      {attemptList.length > 0 && (
        <Attempts
          rows={waterfall(attemptList, durationMs, formatMs)}
          hasUnserved={request.unserved !== null}
          shownIndex={shownIndex}
          onShow={show}
        />
      )}

      {request.stop !== null && <p className="inspect-note">Nothing more was tried: {request.stop.text}.</p>}

      {affinity && (
        <>
          <h3>Session</h3>
          <p className="inspect-line">{affinityText(affinity)}</p>
        </>
      )}
      {request.pool !== null && (
        <p className="inspect-more">
          <button
            type="button"
            className="link"
            onClick={() => showRequests({ pool: request.pool ?? undefined })}
          >
            All requests of pool {request.pool}
          </button>
          {request.server !== null && (
            <button
              type="button"
              className="link"
              onClick={() => select({ kind: 'server', id: request.server ?? '' })}
            >
              About <ServerName id={request.server} />
            </button>
          )}
        </p>
      )}
    </div>
  );
}

interface AttemptsProps {
  rows: readonly WaterfallRow[];
  hasUnserved: boolean;
  shownIndex: number;
  onShow: (index: number) => void;
}

/** Each attempt where it happened within the request. A press shows the decision that led to it. */
function Attempts({ rows, hasUnserved, shownIndex, onShow }: AttemptsProps) {
  const canChoose = rows.length + (hasUnserved ? 1 : 0) > 1;
  return (
    <>
      <h3>{rows.length === 1 ? 'Attempt' : 'Attempts'}</h3>
      <ol className="waterfall">
        {rows.map((row, index) => (
          <li key={row.number}>
            <button
              type="button"
              className="attempt"
              aria-pressed={canChoose ? index === shownIndex : undefined}
              disabled={!canChoose}
              onClick={() => onShow(index)}
            >
              <span className="attempt-name">
                <em>{row.number}</em> {row.name}
              </span>
              <Bar row={row} />
              <span className="attempt-text">
                {row.text}
                <small className="attempt-span">{row.span}</small>
              </span>
            </button>
            {row.isHedge && (
              <p className="inspect-note">Begun beside attempt {row.number - 1}, which took long.</p>
            )}
            {row.shared !== null && <p className="inspect-note">{row.shared}</p>}
          </li>
        ))}
        {hasUnserved && (
          <li>
            <button
              type="button"
              className="attempt"
              aria-pressed={shownIndex === rows.length}
              onClick={() => onShow(rows.length)}
            >
              <span className="attempt-name">
                <em>{rows.length + 1}</em> none
              </span>
              <span />
              <span className="attempt-text">no server was left</span>
            </button>
          </li>
        )}
      </ol>
    </>
  );
}

function Bar({ row }: { row: WaterfallRow }) {
  const address = useConfig(({ servers }) => servers[row.server]?.address);
  const colour = !row.succeeded ? 'var(--bad)' : address ? serverColour(address) : 'var(--good)';
  const style = {
    '--from': `${row.from * 100}%`,
    '--width': `${row.width * 100}%`,
    '--server': colour,
  } as CSSProperties;
  return <span className="attempt-bar" style={style} />;
}
