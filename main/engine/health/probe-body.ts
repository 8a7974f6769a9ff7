import { mostBodyBytes } from '@shared/config/health-schema.ts';
import { compilePattern, type Pattern } from '@shared/lib/pattern.ts';
import type { HttpHealthCheck } from './probe-http.ts';

export type WantedBody = NonNullable<HttpHealthCheck['body']>;

/** Takes in a response's body, as much of it as is looked at, and says whether it is as wanted. */
export interface BodyReader {
  /** True once no more is needed. */
  take(chunk: Buffer): boolean;
  /** What was seen, for a person: `, its body contains "ok"`; null where nothing was looked for. */
  judge(): { readonly isGood: boolean; readonly words: string };
}

/**
 * @param wanted undefined where only the status counts: then the body is read so that the service is not startled by a cut
 *   connection, within limits
 */
export function readBody(wanted: WantedBody | undefined): BodyReader {
  const most = wanted?.bytes ?? mostBodyBytes;
  const chunks: Buffer[] = [];
  let seen = 0;
  return {
    take(chunk) {
      if (wanted) chunks.push(chunk.subarray(0, most - seen));
      seen += chunk.length;
      return seen >= most;
    },
    judge() {
      if (!wanted) return { isGood: true, words: '' };
      const body = Buffer.concat(chunks);
      const isCut = seen > most;
      const what = isCut ? `the first ${most} bytes of its body` : seen === 0 ? 'its empty body' : 'its body';
      const { contains, matches } = wanted;
      const isText = contains !== undefined;
      const isGood = isText ? body.includes(contains) : patternOf(wanted).isIn(body.toString('utf8'));
      const [verb, one] = isText ? ['contain', 'contains'] : ['match', 'matches'];
      const does = isGood ? (isCut ? verb : one) : `${isCut ? 'do' : 'does'} not ${verb}`;
      const looked = isText ? JSON.stringify(shorten(contains)) : `/${shorten(matches ?? '')}/`;
      return { isGood, words: `, ${what} ${does} ${looked}` };
    },
  };
}

/** Compiled once for each configuration, with what it has learnt. */
const compiled = new WeakMap<WantedBody, Pattern>();

function patternOf(wanted: WantedBody): Pattern {
  let pattern = compiled.get(wanted);
  if (!pattern) {
    pattern = compilePattern(wanted.matches ?? '');
    compiled.set(wanted, pattern);
  }
  return pattern;
}

const longestTold = 60;
const shorten = (text: string): string =>
  text.length > longestTold ? `${text.slice(0, longestTold)}…` : text;
