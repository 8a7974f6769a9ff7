import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadPath } from '../../main/engine/sockets/lane-socket.ts';
import { allCases, titleOf } from '../corpus/all-cases.ts';
import type { Case } from '../corpus/case.ts';
import { CorpusKit, type Cut } from './corpus-kit.ts';
import { everyByte, inTwo, pipelined, splitsOf, whole } from './cuts.ts';

/** Cases are played on several lanes at once, because each waits for its peers most of the time. */
const lanes = 6;

/**
 * One test per row of the corpus: whole, at every split in two, byte by byte, and between two other requests. `briefly`
 * leaves out the splits in two.
 */
export function playCorpus(thoroughness: 'thoroughly' | 'briefly'): void {
  describe.each(['handle', 'events'] as const)('the corpus, read by %s,', (readPath) =>
    playAll(readPath, thoroughness === 'thoroughly'),
  );
}

function playAll(readPath: ReadPath, everySplit: boolean): void {
  const kits: Record<'trusting' | 'ordinary', CorpusKit[]> = { trusting: [], ordinary: [] };
  const kitsFor = ({ trusts }: Case): CorpusKit[] => (trusts ? kits.trusting : kits.ordinary);

  beforeAll(async () => {
    for (let i = 0; i < lanes; i++) {
      kits.ordinary.push(await CorpusKit.start(readPath, false));
      kits.trusting.push(await CorpusKit.start(readPath, true));
    }
  });
  afterAll(async () => {
    for (const kit of [...kits.ordinary, ...kits.trusting]) await kit.stop();
  });

  const play = async (kit: CorpusKit, each: Case, cut: Cut, how: string): Promise<void> => {
    try {
      await kit.play(each, cut);
    } catch (error) {
      throw new Error(`${how}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  };

  it.each(allCases.map((each) => [titleOf(each), each] as const))('%s', async (_title, each) => {
    const [first, ...others] = kitsFor(each) as [CorpusKit, ...CorpusKit[]];
    await play(first, each, whole, 'whole');
    const splits = everySplit ? splitsOf(each) : [];
    let next = 0;
    const playSplits = async (kit: CorpusKit): Promise<void> => {
      while (next < splits.length) {
        const split = splits[next++]!;
        await play(kit, each, inTwo(split), `split at ${split}`);
      }
    };
    // One failure is enough, and none of the lanes may still be playing when the next case begins.
    const stopAll = (error: unknown): never => {
      next = splits.length;
      throw error;
    };
    const played = await Promise.allSettled([first, ...others].map((kit) => playSplits(kit).catch(stopAll)));
    for (const result of played) if (result.status === 'rejected') throw result.reason;
    if (splitsOf(each).length < 600) await play(first, each, everyByte, 'byte by byte');
    if (each.pipelines) {
      await play(first, pipelined(each), whole, 'between two others');
      if (each.serverAfter === 'kept' && !/POST|PATCH/.test(each.steps[0]!.client ?? ''))
        expect(first.connectionsUsed, 'connections to the server').toBe(1);
    }
  });
}
