import axeCore from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe has to say about the page as it stands, one line for each rule that is broken. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  // What fades in is not yet what people see.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((each) => each.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        // On a screen that is put away time stands still: what fades there would be waited for in vain.
        .filter((each) => (each.effect as KeyframeEffect | null)?.target?.checkVisibility() ?? true)
        .map((each) => each.finished.catch(() => {})),
    ),
  );
  // Through the debugger: the page's own content security policy forbids it, as it should.
  await page.evaluate(axeCore.source);
  // Of what is in order it need not make lists.
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axeCore }).axe.run({ resultTypes: ['violations'] }),
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join('\n')}`,
  );
}
