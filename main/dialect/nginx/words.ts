/** A text as nginx reads it back: quoted where it holds anything but harmless characters. */
export function word(text: string): string {
  return /^[A-Za-z0-9_./:=@*+%,-]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Milliseconds as nginx writes them: `500ms`, `2s`. Not for `fail_timeout`, which knows seconds only. */
export function time(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

/** Whole seconds, at least one. */
export function wholeSeconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1_000))}s`;
}

/** Bytes as nginx writes them, rounded up to whole KiB. */
export function size(bytes: number): string {
  return `${Math.max(1, Math.ceil(bytes / 1_024))}k`;
}

/** A name for nginx (which ignores case in names of upstreams), different from all that were given before. */
export function createNamer(): (name: string) => string {
  const given = new Map<string, string>();
  const taken = new Set<string>();
  return (name) => {
    const known = given.get(name);
    if (known !== undefined) return known;
    const clean = name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_');
    let free = clean;
    for (let number = 2; taken.has(free); number++) free = `${clean}_${number}`;
    taken.add(free);
    given.set(name, free);
    return free;
  };
}

/** Lines of a block, one step further in. */
export function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...indent(lines), '}'];
}

export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `    ${line}`));
}
