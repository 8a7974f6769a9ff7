const key = 'ballast-token';

/**
 * The token of this run comes in the address (`#token=…`), as Ballast printed it. It leaves the address at once, so that it
 * is not copied or kept in the history by accident, and stays for this tab, so that a reload works.
 */
export function takeToken(
  location: Pick<Location, 'hash' | 'pathname' | 'search'>,
  history: Pick<History, 'replaceState'>,
  storage: Pick<Storage, 'getItem' | 'setItem'>,
): string | undefined {
  const found = /(?:^#|&)token=([^&]+)/.exec(location.hash)?.[1];
  if (found === undefined) return storage.getItem(key) ?? undefined;
  const token = decodeURIComponent(found);
  storage.setItem(key, token);
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}
