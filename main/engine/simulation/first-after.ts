/** The first of so many places where it is so; their number where it is nowhere so. Once it is, it is behind that as well. */
export function firstAfter(count: number, isSo: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
