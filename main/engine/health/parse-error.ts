/** `node:http` could not read what came: its parser's errors have codes of their own. */
export function isParseError({ code }: NodeJS.ErrnoException): boolean {
  return code?.startsWith('HPE_') ?? false;
}
