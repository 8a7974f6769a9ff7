import { createPortal } from 'react-dom';
import { formatTime } from '../../metrics/format.ts';
import { type BandFound, bandWord } from './bands.ts';
import { type Cluster, clusterTitle, isSameCluster } from './markers.ts';

const mostTexts = 4;

/** What the tooltip tells, and where it stands on the screen. */
export interface Tip {
  readonly cluster: Cluster | undefined;
  readonly band: BandFound | undefined;
  readonly server: string | null;
  readonly x: number;
  readonly y: number;
}

/** Whether both tell the same; one that merely moved a little need not be rendered anew. */
export function isSameTip(a: Tip, b: Tip): boolean {
  if (a.server !== b.server || a.band?.fromMs !== b.band?.fromMs || Math.abs(a.x - b.x) >= 24) return false;
  if (a.cluster === undefined || b.cluster === undefined) return a.cluster === b.cluster;
  return isSameCluster(a.cluster, b.cluster) && a.cluster.count === b.cluster.count;
}

/** What it tells, for those who hear it. */
export function tipText({ cluster }: Tip): string {
  if (!cluster) return '';
  return [clusterTitle(cluster), ...cluster.events.slice(0, mostTexts).map(({ text }) => text)].join('. ');
}

export function TimelineTip({ tip: { cluster, band, x, y } }: { tip: Tip }) {
  const left = Math.min(Math.max(8, x - 160), window.innerWidth - 348);
  return createPortal(
    <div className="timeline-tip" style={{ left, bottom: window.innerHeight - y + 6 }}>
      {cluster ? (
        <>
          <b>
            {clusterTitle(cluster)} <time>{formatTime(cluster.atMs, true)}</time>
          </b>
          {cluster.events.slice(0, mostTexts).map((event) => (
            <p key={event.sequence}>{event.text}</p>
          ))}
          {cluster.events.length > mostTexts && <p>and more</p>}
        </>
      ) : (
        band && (
          <>
            <b>
              {bandWord(band.state)} <time>since {formatTime(band.sinceMs)}</time>
            </b>
            {band.text !== bandWord(band.state) && <p>{band.text}</p>}
          </>
        )
      )}
    </div>,
    document.body,
  );
}
