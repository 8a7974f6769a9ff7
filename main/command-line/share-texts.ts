/**
 * Shares as percentages with one digit behind the point, rounded so that those of a run add up to 100.0: what is left over goes to
 * those that lost the most (largest remainder). A dash where nothing was answered.
 *
 * @param shares 0 to 1, together 1
 */
export function shareTexts(shares: readonly (number | null)[]): string[] {
  const tenths = shares.map((share) => (share ?? 0) * 1_000);
  const whole = tenths.map((each) => Math.floor(each + 1e-9));
  const total = Math.round(tenths.reduce((sum, each) => sum + each, 0));
  let left = total - whole.reduce((sum, each) => sum + each, 0);
  const byLoss = [...tenths.keys()].sort(
    (one, other) => tenths[other]! - whole[other]! - (tenths[one]! - whole[one]!) || one - other,
  );
  for (const index of byLoss) {
    if (left <= 0) break;
    whole[index]! += 1;
    left -= 1;
  }
  return shares.map((share, index) => (share === null ? '-' : `${(whole[index]! / 10).toFixed(1)} %`));
}
