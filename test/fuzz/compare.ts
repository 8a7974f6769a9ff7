import type { Message, Reading } from './message.ts';

/** What is wrong about our reading, given llhttp's; null where nothing is. */
export function disagreement(ours: Reading, theirs: Reading): string | null {
  const shared = Math.min(ours.messages.length, theirs.messages.length);
  for (let i = 0; i < shared; i++) {
    const [mine, other] = [ours.messages[i]!, theirs.messages[i]!];
    // An upgrade ends what llhttp reads as HTTP; the lane reads on where the server declines it.
    if (mine.complete && other.complete ? !same(mine, other) : !begins(mine, other))
      return `message ${i + 1} is read differently`;
    if (asksUpgrade(other)) return null;
  }
  const complete = (reading: Reading): number => reading.messages.filter((each) => each.complete).length;
  if (theirs.refused !== null && ours.refused === null && !ours.closes)
    return `accepted, though llhttp says ${theirs.refused}`;
  if (complete(ours) > complete(theirs)) return 'a message more than llhttp';
  if (ours.refused !== null) return null;
  if (complete(ours) < complete(theirs)) return 'a message less than llhttp';
  if (ours.messages.length !== theirs.messages.length) return 'one of both sees a further message';
  return null;
}

function asksUpgrade({ fields }: Message): boolean {
  return (
    fields.some((field) => field.startsWith('upgrade: ')) &&
    fields.some((field) => /^connection: .*upgrade/i.test(field))
  );
}

function same(mine: Message, other: Message): boolean {
  return (
    begins(mine, other) && mine.body === other.body && mine.trailers.join('\n') === other.trailers.join('\n')
  );
}

/** The same head, and as far as both go the same body. */
function begins(mine: Message, other: Message): boolean {
  return (
    mine.start === other.start &&
    mine.fields.join('\n') === other.fields.join('\n') &&
    (mine.body.startsWith(other.body) || other.body.startsWith(mine.body))
  );
}
