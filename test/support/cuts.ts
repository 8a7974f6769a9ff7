import { type Case, get, got, ok, type Step } from '../corpus/case.ts';
import type { Cut } from './corpus-kit.ts';

export const whole: Cut = (bytes) => [bytes];
export const everyByte: Cut = (bytes) => bytes.split('');
/** In two, at `split`; shorter messages of the same case are split too, at the same place counted round. */
export const inTwo =
  (split: number): Cut =>
  (bytes) => {
    if (bytes.length < 2) return [bytes];
    const at = 1 + ((split - 1) % (bytes.length - 1));
    return [bytes.slice(0, at), bytes.slice(at)];
  };

/** Past this, not every place is tried over sockets: all near both ends, and some between. */
const everyPlace = 600;

/** Where a case is split: between any two bytes of its longest message. */
export function splitsOf({ steps }: Case): number[] {
  const longest = Math.max(...steps.map(({ client, server }) => (client ?? server ?? '').length));
  const places = Array.from({ length: Math.max(0, longest - 1) }, (_, index) => index + 1);
  if (longest <= everyPlace) return places;
  const step = Math.ceil(longest / 40);
  return places.filter((place) => place <= 100 || place >= longest - 100 || place % step === 0);
}

/** The same case behind a good request and, where the connection stays, before another, all sent in one write. */
export function pipelined(each: Case): Case {
  const [first, ...rest] = each.steps;
  if (first?.client === undefined) throw new Error(`${each.name}: begins with no request`);
  const stays = each.clientAfter === 'stays';
  const steps: Step[] = [
    { client: get + first.client + get, atServer: got },
    {
      server: ok,
      atClient: ok + (first.atClient ?? ''),
      atServer: (first.atServer ?? '') + (rest.length === 0 && stays ? got : ''),
    },
  ];
  rest.forEach((step, index) => {
    const isLast = index === rest.length - 1;
    steps.push(isLast && stays ? { ...step, atServer: (step.atServer ?? '') + got } : step);
  });
  if (stays) steps.push({ server: ok, atClient: ok });
  return {
    ...each,
    steps,
    serverAfter: stays ? 'kept' : each.serverAfter === 'untouched' ? 'kept' : each.serverAfter,
  };
}
