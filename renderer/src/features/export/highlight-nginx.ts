export type TokenKind =
  | 'comment'
  | 'directive'
  | 'block'
  | 'string'
  | 'variable'
  | 'number'
  | 'mark'
  | 'plain';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const wordEnd = /[\s;{}]/;

/**
 * Colours nginx configuration: lines of tokens that, joined, are the text unchanged. It follows nginx's own reading (words
 * end at space, `;`, `{` and `}`; `#` begins a comment at the start of a word; quotes group), not a full grammar.
 */
export function highlightNginx(text: string): readonly (readonly Token[])[] {
  const lines: Token[][] = [[]];
  let isStatementStart = true;
  let at = 0;

  const push = (kind: TokenKind, piece: string): void => {
    for (const [index, line] of piece.split('\n').entries()) {
      if (index > 0) lines.push([]);
      if (line !== '') lines.at(-1)!.push({ kind, text: line });
    }
  };

  while (at < text.length) {
    const start = at;
    const character = text[at]!;
    if (/\s/.test(character)) {
      while (at < text.length && /\s/.test(text[at]!)) at += 1;
      push('plain', text.slice(start, at));
    } else if (character === '#') {
      while (at < text.length && text[at] !== '\n') at += 1;
      push('comment', text.slice(start, at));
    } else if (character === ';' || character === '{' || character === '}') {
      at += 1;
      push('mark', character);
      isStatementStart = true;
    } else if (character === '"' || character === "'") {
      at += 1;
      while (at < text.length && text[at] !== character) at += text[at] === '\\' ? 2 : 1;
      at = Math.min(text.length, at + 1);
      push('string', text.slice(start, at));
      isStatementStart = false;
    } else {
      while (at < text.length && !endsWord(text, at)) at += text[at] === '$' && text[at + 1] === '{' ? 2 : 1;
      const word = text.slice(start, at);
      if (isStatementStart) push(opensBlock(text, at) ? 'block' : 'directive', word);
      else for (const token of words(word)) push(token.kind, token.text);
      isStatementStart = false;
    }
  }
  return lines;
}

/** `}` of `${name}` belongs to the word. */
function endsWord(text: string, at: number): boolean {
  const character = text[at]!;
  if (!wordEnd.test(character)) return false;
  if (character !== '}') return true;
  const open = text.lastIndexOf('${', at);
  return open === -1 || /[\s;}]/.test(text.slice(open + 2, at));
}

/** Whether the statement that begins here ends in `{` rather than `;`. */
function opensBlock(text: string, from: number): boolean {
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== '') {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === ';' || character === '}') return false;
    else if (character === '{' && text[at - 1] !== '$') return true;
    else if (character === '{') at = Math.max(at, text.indexOf('}', at));
  }
  return false;
}

/** An argument's parts: variables within it, numbers with their units, the name of `name=value`. */
function words(word: string): Token[] {
  const tokens: Token[] = [];
  for (const piece of word.split(/(\$\{\w+\}|\$\w+)/)) {
    if (piece === '') continue;
    if (piece.startsWith('$')) tokens.push({ kind: 'variable', text: piece });
    else {
      const [, name = '', value = piece] = /^([a-z_]+=)(.*)$/.exec(piece) ?? [];
      if (name !== '') tokens.push({ kind: 'plain', text: name });
      if (value !== '')
        tokens.push({ kind: /^\d+(\.\d+)?(ms|[smhdkKMG])?$/.test(value) ? 'number' : 'plain', text: value });
    }
  }
  return tokens;
}
