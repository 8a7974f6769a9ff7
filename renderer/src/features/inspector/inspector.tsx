import './inspector.css';
import { useInterface } from '../../store/interface.ts';
import { RequestInspector } from './request-inspector.tsx';
import { ServerInspector } from './server-inspector.tsx';
import { SessionInspector } from './session-inspector.tsx';

/** What is selected, told in full. */
export function Inspector() {
  const selection = useInterface((state) => state.selection);
  switch (selection?.kind) {
    case 'request':
      return <RequestInspector id={selection.id} />;
    case 'server':
      return <ServerInspector id={selection.id} />;
    case 'session':
      return <SessionInspector pool={selection.pool} id={selection.id} />;
    case undefined:
      return null;
  }
}
