import type { ProbeRecord } from '@shared/contract/server-values.ts';
import { useState } from 'react';
import { ListBox, ListBoxItem } from 'react-aria-components';
import { formatMs, formatTime } from '../../metrics/format.ts';
import { type Probes, useProbes } from './use-probes.ts';

/** The last probes of a server as a strip, oldest first; arrow keys or the mouse say what one of them saw. */
export function ProbeStrip({ pool, server, run }: { pool: string; server: string; run: number }) {
  const history = useProbes(pool, server, run);
  const [chosen, setChosen] = useState<string>();
  const [pointed, setPointed] = useState<string>();
  if (!history || history.probes.length === 0) return null;
  const { probes } = history;
  const keys = probes.map((_, index) => String(history.forgotten + index));
  const at = keys.indexOf(pointed ?? chosen ?? '');
  const shown = probes[at < 0 ? probes.length - 1 : at]!;
  const slowest = Math.max(...probes.map(({ durationMs }) => durationMs));
  return (
    <>
      <h3>
        Probes <small>{countText(history)}</small>
      </h3>
      <ListBox
        aria-label={`Last probes of ${server}, oldest first`}
        className="probe-strip"
        layout="stack"
        orientation="horizontal"
        selectionMode="single"
        selectionBehavior="replace"
        items={probes.map((probe, index) => ({ id: keys[index]!, probe }))}
        selectedKeys={chosen === undefined ? [] : [chosen]}
        onSelectionChange={(selection) => {
          setChosen(selection === 'all' ? undefined : firstOf(selection));
          // The mouse may rest on another one.
          setPointed(undefined);
        }}
      >
        {({ id, probe }) => (
          <ListBoxItem
            id={id}
            className="probe"
            textValue={probeText(probe)}
            data-failed={!probe.succeeded}
            data-verdict={probe.verdict}
            onHoverChange={(isOver) => setPointed(isOver ? id : undefined)}
          >
            <span style={{ height: probe.succeeded ? heightOf(probe.durationMs, slowest) : '100%' }} />
          </ListBoxItem>
        )}
      </ListBox>
      <p className="probe-text" data-failed={!shown.succeeded}>
        {probeText(shown)}
      </p>
    </>
  );
}

function firstOf(selection: ReadonlySet<string | number>): string | undefined {
  const [first] = selection;
  return first === undefined ? undefined : String(first);
}

function countText({ run, failed, probes }: Probes): string {
  const kept = run > probes.length ? `, the last ${probes.length} shown` : '';
  return `${run} run, ${failed} failed${kept}`;
}

function probeText({ atMs, succeeded, durationMs, detail, verdict }: ProbeRecord): string {
  return `${formatTime(atMs)}  ${succeeded ? 'good' : 'failed'} after ${formatMs(durationMs)} ms: ${detail}; ${verdict}`;
}

/** By its square root, so that one slow probe does not flatten all others. */
function heightOf(durationMs: number, slowest: number): string {
  return `${Math.round(25 + 75 * Math.sqrt(slowest > 0 ? durationMs / slowest : 1))}%`;
}
