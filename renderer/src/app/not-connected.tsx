import { retryNow } from '../connection/control.ts';
import { useConnection } from '../store/connection.ts';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Mark } from '../ui/mark.tsx';

/** In place of the screens while nothing is known yet, or for good when Ballast turned this window away. */
export function NotConnected() {
  const state = useConnection((connection) => connection.state);
  if (state.phase === 'turned-away') {
    return (
      <EmptyState
        icon="lock"
        title={state.hadToken ? 'This address belongs to an earlier run' : 'This address lacks its token'}
        actions={<Button onPress={retryNow}>Try again</Button>}
      >
        <p>
          Each run of Ballast prints its own address with a token at the end, so that no other page on this
          machine can drive it. Open the address that the running Ballast printed:
        </p>
        <code>http://127.0.0.1:9900/#token=…</code>
        <p>
          <code>ballast status</code> prints it again.
        </p>
      </EmptyState>
    );
  }
  if (state.phase === 'lost') {
    return (
      <EmptyState
        icon="unplug"
        title="Ballast does not answer"
        actions={<Button onPress={retryNow}>Reconnect now</Button>}
      >
        <p>It may have been stopped. Start it again and this page connects by itself:</p>
        <code>npm start</code>
      </EmptyState>
    );
  }
  return (
    <div className="connecting" role="status">
      <Mark size={32} />
      <p>Connecting…</p>
    </div>
  );
}
