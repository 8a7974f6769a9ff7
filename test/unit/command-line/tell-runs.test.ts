import type { RecordedRequest } from '@shared/contract/recorded-request.ts';
import { describe, expect, it } from 'vitest';
import { tellRuns } from '../../../main/command-line/tell-runs.ts';
import { recordedFigures } from '../../../main/engine/simulation/figures.ts';
import { steadyRequests } from '../../support/recordings.ts';

function told(requests: readonly RecordedRequest[]): string {
  const lines: string[] = [];
  tellRuns(
    {
      json: false,
      line: (text) => void lines.push(text),
      object: () => {},
      note: () => {},
      paint: (_tone, text) => text,
    },
    { pool: 'api', strategy: 'round-robin', requests, seed: 1, noEffect: [] },
    [{ name: 'recorded', figures: recordedFigures(requests, ['api/a', 'api/b', 'api/c']), keys: null }],
  );
  return lines.join('\n');
}

describe('a replay of requests from one address', () => {
  const note =
    "All requests came from one address: whatever goes by the client's address leads them all to one server.";

  it('says what that means for whatever goes by it, however many sessions there were', () => {
    expect(told(steadyRequests(6))).toContain(note);
    const sessions = steadyRequests(6).map((request, index) => ({ ...request, session: `s${index}` }));
    expect(told(sessions)).toContain(note);
  });

  it('says nothing of it where there were several, be they of one session', () => {
    expect(told(steadyRequests(6, { clients: 2 }))).not.toContain('one address');
    const roaming = steadyRequests(6, { clients: 2 }).map((request) => ({ ...request, session: 's1' }));
    expect(told(roaming)).not.toMatch(/one (address|client)/);
  });
});
