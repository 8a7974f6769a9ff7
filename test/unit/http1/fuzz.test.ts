import { describe, expect, it } from 'vitest';
import { allCases, titleOf } from '../../corpus/all-cases.ts';
import { disagreement } from '../../fuzz/compare.ts';
import { exceptions } from '../../fuzz/exceptions.ts';
import { describeFailure, fuzz, judge, kinds, type Probe } from '../../fuzz/fuzz.ts';
import type { Message, Reading } from '../../fuzz/message.ts';

/** Every message of the corpus by itself, as Node's parser and we read it. */
const probes: readonly (readonly [string, Probe])[] = allCases.flatMap((each) =>
  each.steps.flatMap(({ client, server }): [string, Probe][] => {
    const bytes = client ?? server ?? '';
    const toHead = each.steps[0]?.client?.startsWith('HEAD') ?? false;
    const splits = bytes.length < 2_000 ? Array.from(bytes, (_, index) => index) : [];
    return [[titleOf(each), { side: client === undefined ? 'response' : 'request', toHead, bytes, splits }]];
  }),
);

describe("beside Node's own parser", () => {
  it('whatever of the corpus both accept means the same, and we accept nothing that it refuses', async () => {
    const wrong: string[] = [];
    for (const [title, probe] of probes) {
      const { reason } = await judge(probe);
      if (reason !== null) wrong.push(`${title}: ${reason}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each(exceptions.map((each) => [each.name, each] as const))(
    'the exception "%s" is one that the corpus shows',
    async (_name, exception) => {
      const shown = probes.filter(([title]) => title === exception.provenBy);
      expect(shown).not.toEqual([]);
      const outcomes = await Promise.all(
        shown.map(([, probe]) => judge({ ...probe, bytes: probe.bytes + more(probe) })),
      );
      expect(outcomes.map((outcome) => outcome.exception)).toContain(exception);
    },
  );

  it.each(kinds)('mutations of the corpus (%s) are read alike, at every split', async (only) => {
    const seed = 20_261_122;
    const { runs, accepted, failures } = await fuzz({ seed, runs: 12_000, seconds: 60, only });
    expect(failures.map((failure) => describeFailure(failure, seed))).toEqual([]);
    expect(runs).toBe(12_000);
    // Otherwise the mutations are too wild to test what is accepted.
    expect(accepted).toBeGreaterThan(runs / 100);
  });
});

/** How long a connection lives shows by what follows. */
const more = ({ side }: Probe): string =>
  side === 'request' ? 'GET /follow HTTP/1.1\r\nHost: f\r\n\r\n' : '';

describe('two readings disagree', () => {
  const message: Message = { start: 'GET / 1.1', fields: ['a: b'], body: 'c', trailers: [], complete: true };
  const reading = (changes: Partial<Message> = {}, rest: Partial<Reading> = {}): Reading => ({
    messages: [{ ...message, ...changes }],
    refused: null,
    closes: false,
    pending: '',
    ...rest,
  });

  it.each<[string, Reading, Reading]>([
    ['in the request line', reading(), reading({ start: 'GET /x 1.1' })],
    ['in a field', reading(), reading({ fields: ['a: c'] })],
    ['in a field more', reading(), reading({ fields: ['a: b', 'a: b'] })],
    ['in the body', reading(), reading({ body: 'd' })],
    ['in a trailer', reading(), reading({ trailers: ['t: u'] })],
    ['in where the message ends', reading(), reading({ complete: false })],
    ['in whether another follows', reading(), { ...reading(), messages: [message, message] }],
    ['in whether it is a message', reading(), { ...reading(), messages: [], refused: 'HPE_X' }],
  ])('%s', (_what, ours, theirs) => {
    expect(disagreement(ours, theirs)).not.toBeNull();
    expect(disagreement(ours, ours)).toBeNull();
  });

  it('but not where we refuse what the other accepts', () => {
    expect(disagreement({ ...reading(), messages: [], refused: 'x' }, reading())).toBeNull();
  });
});
