/**
 * Takes a command line apart without a shell: words are split at white space, single and double quotes group them, `\"`
 * inside double quotes is a quote. Everything else stands for itself, backslashes too (Windows paths), and nothing is expanded.
 * Undefined where a quote is not closed or there is no word.
 */
export function splitCommand(command: string): [file: string, ...args: string[]] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < command.length; at++) {
    const letter = command[at]!;
    if (quote !== undefined) {
      if (letter === quote) quote = undefined;
      else if (quote === '"' && letter === '\\' && command[at + 1] === '"') word += command[++at]!;
      else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + letter;
  }
  if (quote !== undefined) return undefined;
  if (word !== undefined) words.push(word);
  const [file, ...args] = words;
  return file === undefined || file === '' ? undefined : [file, ...args];
}

/** Writes words so that `splitCommand` reads them back. A word with both kinds of quotes keeps its double ones escaped. */
export function joinCommand(words: readonly string[]): string {
  return words
    .map((word) => {
      if (word !== '' && !/[\s"']/.test(word)) return word;
      return word.includes("'") ? `"${word.replaceAll('"', '\\"')}"` : `'${word}'`;
    })
    .join(' ');
}
