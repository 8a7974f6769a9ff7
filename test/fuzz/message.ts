/** What a parser made of one message: enough to see whether two of them mean the same. */
export interface Message {
  /** `GET / 1.1`, or `200 1.1`. */
  readonly start: string;
  /** Name in lower case and value, in order. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** Its last byte has come. */
  readonly complete: boolean;
  /** The head as it came; told by our reading only. */
  readonly head?: string;
}

/** How the reading of a stream of bytes ended. */
export interface Reading {
  readonly messages: readonly Message[];
  /** Why nothing more is read: `null` where more could follow. */
  readonly refused: string | null;
  /** No further message is read because the last one said so. */
  readonly closes: boolean;
  /** The beginning of a head that is not complete; told by our reading only. */
  readonly pending: string;
}

export type Side = 'request' | 'response';

/** One line per thing, for comparing and for people. */
export function show({ messages, refused, closes }: Reading): string {
  const lines = messages.map(
    ({ start, fields, body, trailers, complete }) =>
      `${start} | ${fields.join(' ; ')} | ${JSON.stringify(body)} | ${trailers.join(' ; ')}${complete ? '' : ' | (more to come)'}`,
  );
  if (refused !== null) lines.push(`refused: ${refused}`);
  if (closes) lines.push('closes');
  return lines.join('\n');
}
