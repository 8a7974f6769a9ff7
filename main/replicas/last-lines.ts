/** The last lines of what a process writes, bounded in lines and in bytes however it writes them. */
export interface LastLines {
  add(chunk: string): void;
  text(): string;
}

export function createLastLines({ lines, charsPerLine }: { lines: number; charsPerLine: number }): LastLines {
  let kept: string[] = [];
  let open = '';
  return {
    add(chunk) {
      const parts = (open + chunk).split(/\r?\n/);
      open = (parts.pop() ?? '').slice(-charsPerLine);
      kept = [...kept, ...parts.map((line) => line.slice(0, charsPerLine))].slice(-lines);
    },
    text: () => [...kept, ...(open === '' ? [] : [open])].slice(-lines).join('\n').trim(),
  };
}
