import type { CheckedParams, CommandName, Handlers } from '@shared/contract/commands.ts';
import type { DocumentEdit } from '../../workspace/document.ts';
import type { Configuration } from '../configuration.ts';

type Editing = DocumentEdit['kind'] | 'config.undo' | 'config.redo';

/** Commands that change the file, and with it what runs. */
export function editCommands(configuration: () => Configuration): Handlers<Editing> {
  const edit =
    <K extends DocumentEdit['kind'] & CommandName>(kind: K) =>
    ({ expectedRevision, ...params }: CheckedParams<K>) =>
      configuration().edit({ kind, ...params } as unknown as DocumentEdit, expectedRevision);
  return {
    'server.add': edit('server.add'),
    'server.remove': edit('server.remove'),
    'server.move': edit('server.move'),
    'server.set-weight': edit('server.set-weight'),
    'pool.add': edit('pool.add'),
    'pool.remove': edit('pool.remove'),
    'pool.set-strategy': edit('pool.set-strategy'),
    'pool.set-affinity': edit('pool.set-affinity'),
    'pool.set-batching': edit('pool.set-batching'),
    'listener.set-pool': edit('listener.set-pool'),
    'config.undo': ({ expectedRevision }) => configuration().undo(expectedRevision),
    'config.redo': ({ expectedRevision }) => configuration().redo(expectedRevision),
  };
}
