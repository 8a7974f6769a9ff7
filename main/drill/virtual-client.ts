/** A browser as far as a balancer can tell: it remembers the cookies it was given. */
export interface VirtualClient {
  /** Value for the `cookie` field; undefined while it has none. */
  cookies(): string | undefined;
  /** Takes the values of a response's `set-cookie` fields. Attributes are ignored but for an immediate end. */
  remember(setCookie: readonly string[] | undefined): void;
}

const mostCookies = 20;

export function createVirtualClient(): VirtualClient {
  const jar = new Map<string, string>();
  return {
    cookies: () =>
      jar.size === 0 ? undefined : [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
    remember(setCookie = []) {
      for (const line of setCookie) {
        const [pair = '', ...attributes] = line.split(';');
        const at = pair.indexOf('=');
        if (at <= 0) continue;
        const name = pair.slice(0, at).trim();
        if (attributes.some((each) => /^\s*max-age\s*=\s*-?0*\s*$/i.test(each))) jar.delete(name);
        else if (jar.size < mostCookies || jar.has(name)) jar.set(name, pair.slice(at + 1).trim());
      }
    },
  };
}
