/** Rows to render: those in sight and a few around them, so that a quick scroll does not meet emptiness. */
export function visibleRows(
  scrollTop: number,
  viewportHeight: number,
  rowHeight: number,
  rowCount: number,
  around = 6,
): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - around);
  const end = Math.min(rowCount, Math.ceil((scrollTop + viewportHeight) / rowHeight) + around);
  return { first: Math.min(first, Math.max(0, end - 1)), end };
}

/** Where to scroll so that a row is wholly in sight; the same place where it is already. */
export function scrollToShow(
  index: number,
  scrollTop: number,
  viewportHeight: number,
  rowHeight: number,
): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - viewportHeight);
}

/** Which row a key leads to, from a row (-1: none yet); undefined for a key that moves nothing. */
export function rowAfterKey(
  key: string,
  index: number,
  rowCount: number,
  pageRows: number,
): number | undefined {
  if (rowCount === 0) return undefined;
  const wanted: Record<string, number> = {
    ArrowDown: index + 1,
    ArrowUp: Math.max(0, index - 1),
    PageDown: index + pageRows,
    PageUp: Math.max(0, index - pageRows),
    Home: 0,
    End: rowCount - 1,
  };
  const next = Object.hasOwn(wanted, key) ? wanted[key] : undefined;
  return next === undefined ? undefined : Math.min(rowCount - 1, Math.max(0, next));
}
