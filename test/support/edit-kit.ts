import type { ContractError } from '@shared/contract/errors.ts';
import { type DocumentEdit, parseDocument } from '../../main/workspace/document.ts';

/** A file with comments in every place where a person may put one, and a list in each style. */
export const commented = `# The shop, on this machine.
version: 1

listeners:
  # what the browser opens
  - { name: web, bind: 127.0.0.1:8080, pool: api }   # the front door

pools:
  # --- the API ---
  - name: api            # see docs/api.md
    strategy: "weighted-round-robin"
    servers:
      - { name: api-1, address: 127.0.0.1:3001, weight: 3 }  # the big one
      # on the old laptop
      - { name: api-2,   address: 127.0.0.1:3002 }

      - name: api-3      # spare
        address: 127.0.0.1:3003
        # never first
        backup: false
    healthCheck: &check { type: http, path: /health, interval: 2s }

  # --- the canary ---
  - name: canary
    servers:
      - address: 127.0.0.1:4001
        weight: 1
    healthCheck: *check
# the end
`;

/** The file's text after the changes. */
export function edited(text: string, ...changes: DocumentEdit[]): string {
  let document = parseDocument(text);
  for (const change of changes) document = document.edit(change);
  return document.text;
}

/** Lines taken away and lines added, as `- line` and `+ line`, in order. */
export function difference(before: string, after: string): string[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i]![j] =
        a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  const lines: string[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (i < a.length && (j === b.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      lines.push(`-${a[i++]}`);
    } else lines.push(`+${b[j++]}`);
  }
  return lines;
}

/** What the changes did to the file's lines. */
export function change(text: string, ...changes: DocumentEdit[]): string[] {
  return difference(text, edited(text, ...changes));
}

/** The refusal of an edit. @throws Error where it was not refused */
export function refusalOf(text: string, edit: DocumentEdit): Pick<ContractError, 'code' | 'message'> {
  try {
    parseDocument(text).edit(edit);
  } catch (error) {
    const { code, message } = error as ContractError;
    return { code, message };
  }
  throw new Error('the edit was not refused');
}
