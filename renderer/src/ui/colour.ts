let probe: HTMLElement | undefined;
const known = new Map<string, string>();

/**
 * A colour of the stylesheet as a canvas understands it, in the theme of this moment: `var(--good)` becomes `rgb(…)`.
 * Kept until `forgetColours`.
 */
export function resolveColour(css: string): string {
  let colour = known.get(css);
  if (colour === undefined) {
    if (!probe) {
      probe = document.createElement('i');
      probe.hidden = true;
      document.body.append(probe);
    }
    probe.style.color = css;
    colour = getComputedStyle(probe).color;
    known.set(css, colour);
  }
  return colour;
}

/** The theme has changed. */
export function forgetColours(): void {
  known.clear();
}

/** Calls at each change of the theme, by the person or by the system, when colours have been forgotten already. */
export function onThemeChange(listener: () => void): () => void {
  const changed = () => {
    forgetColours();
    listener();
  };
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', changed);
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', changed);
    observer.disconnect();
  };
}
