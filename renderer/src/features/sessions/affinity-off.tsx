import { setAffinity } from '../../connection/set-affinity.ts';
import { useBlocked } from '../../store/connection.ts';
import { useSystem } from '../../store/system.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { toast } from '../../ui/toasts.tsx';
import { affinityYaml } from './present-session.ts';

/** No pool binds its clients: what that would be good for, and what to write to turn it on. */
export function AffinityOff({ pool }: { pool: string }) {
  const path = useSystem((state) => state.workspace?.path);
  const blocked = useBlocked('edit');
  const yaml = affinityYaml(pool);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(yaml);
      toast({ tone: 'good', text: 'Copied' });
    } catch {
      toast({
        tone: 'bad',
        text: 'Not copied',
        detail: 'The browser refused; select the lines and copy them.',
      });
    }
  };
  return (
    <div className="list-screen sessions affinity-off">
      <EmptyState
        icon="sessions"
        title="No pool keeps its clients"
        actions={
          <>
            <Button tone="primary" disabledReason={blocked} onPress={() => void setAffinity(pool, 'cookie')}>
              Keep the clients of {pool} by cookie
            </Button>
            <Button icon="copy" onPress={() => void copy()}>
              Copy the lines
            </Button>
          </>
        }
      >
        <p>
          Every request is balanced by itself. With affinity a client stays with the server that answered it
          first, as an application needs that keeps sessions in memory; here you then see who is bound where,
          and why a session moved.
        </p>
        <p>
          It is one line in{' '}
          {path ? <code title={path}>{path.split(/[\\/]/).at(-1)}</code> : 'the workspace file'}, applied as
          soon as it is there:
        </p>
        <pre className="yaml">
          {yaml.split('\n').map((line) => (
            <code key={line} className={line.includes('affinity') ? 'added' : ''}>
              {line}
            </code>
          ))}
        </pre>
        <p>
          <code>type: cookie</code> follows a browser, <code>type: client-ip</code> an address (on one machine
          every client is 127.0.0.1).
        </p>
      </EmptyState>
    </div>
  );
}
