import type { ReplicaStatus } from '@shared/contract/server-values.ts';
import { formatMs, formatTime, plural } from '../../metrics/format.ts';
import { showRequests } from '../../store/interface.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { dismissStory, useStories } from './stories.ts';
import type { Story } from './story.ts';

/** What the exit of a server cost, told once it happened: only what was measured. */
export function StoryCard({ pool }: { pool: string }) {
  const story = useStories(({ stories }) => stories[pool]);
  if (!story) return null;
  const name = story.server.split('/').at(-1);
  const how = story.end ? howItEnded(story.end) : undefined;
  const tone = story.lost === null ? 'neutral' : story.lost > 0 ? 'bad' : 'good';
  return (
    <aside className="story" data-tone={tone} aria-label={`Exit of ${name}`}>
      <Icon name="skull" size={18} />
      <p>
        <b>
          {name} exited at {formatTime(story.atMs, true)}
        </b>
        {how && ` (${how})`}. <Attempts story={story} />
        <Outcome story={story} />
        {story.outAfterMs !== null && <> Out of rotation after {formatMs(story.outAfterMs)} ms.</>}
        {story.sessionsMoved > 0 && <> {plural(story.sessionsMoved, 'session')} moved.</>}
        {story.backAtMs !== null && <> Started again at {formatTime(story.backAtMs)}.</>}
      </p>
      {story.requests.length > 0 && (
        <Button
          onPress={() =>
            showRequests({
              ids: story.requests,
              title: `${plural(story.requests.length, 'request')} that met the exit of ${name}`,
            })
          }
        >
          Show {story.requests.length === 1 ? 'the request' : `the ${story.requests.length} requests`}
        </Button>
      )}
      <IconButton icon="cross" label="Dismiss" size={14} onPress={() => dismissStory(pool)} />
    </aside>
  );
}

function howItEnded({ signal, code, asked }: NonNullable<ReplicaStatus['exit']>): string {
  if (asked) return `${signal ?? `code ${code ?? '?'}`}, by you`;
  // A signal comes from somebody; an exit code is its own doing.
  return signal === null ? `code ${code ?? '?'}, by itself` : `${signal}, not by Ballast`;
}

function Attempts({ story: { failedAttempts, retried } }: { story: Story }) {
  if (failedAttempts === 0) return <>No request met it</>;
  return (
    <>
      {plural(failedAttempts, 'attempt')} failed,{' '}
      {retried >= failedAttempts
        ? failedAttempts === 1
          ? 'and was retried'
          : `all were retried`
        : `${plural(retried, 'request')} retried`}
    </>
  );
}

function Outcome({ story: { lost, failedAttempts } }: { story: Story }) {
  if (lost === null) return <>; this window connected too late to know whether a client saw it.</>;
  if (lost > 0)
    return (
      <>
        ; <b className="bad">{plural(lost, 'request')} failed for clients</b>.
      </>
    );
  return failedAttempts === 0 ? (
    <>: no client saw it.</>
  ) : (
    <>
      ; <b>no client saw it</b>.
    </>
  );
}
