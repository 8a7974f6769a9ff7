import type { Exchange } from '../exchange.ts';
import { flat } from '../http1/latin1-text.ts';

const perBlock = 1_000;
/** The last three digits of a number, and the end of the line. */
const endings = Array.from({ length: perBlock }, (_, digits) => `${String(digits).padStart(3, '0')}\r\n`);

/**
 * Ballast's own fields in the response of a server that was the first to be asked. Only the request's number differs from one to the
 * next, and of that only the end: everything before is kept in one piece, so that two texts are joined and no number is written out.
 */
export class FirstAttemptLines {
  readonly #fields: string;
  #beginning = '';
  #prefix = '';
  /** Of the number that `#beginning` ends with. */
  #block = 0;

  /** @param server its name */
  constructor(server: string) {
    this.#fields = `x-ballast-server: ${server}\r\nx-ballast-attempts: 1\r\nx-ballast-request: `;
  }

  /** Whole lines. */
  of({ id, idPrefix }: Exchange): string {
    const block = Math.floor(id / perBlock);
    if (block === 0) return `${this.#fields}${idPrefix}${id}\r\n`;
    if (block !== this.#block || idPrefix !== this.#prefix) {
      this.#block = block;
      this.#prefix = idPrefix;
      this.#beginning = flat(`${this.#fields}${idPrefix}${block}`);
    }
    return this.#beginning + endings[id - block * perBlock]!;
  }
}
