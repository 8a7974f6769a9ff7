import { type FormEvent, useState } from 'react';
import { DropZone } from 'react-aria-components';
import { create } from 'zustand';
import { submit } from '../../connection/run.ts';
import { useConfig } from '../../store/config.ts';
import { blocked, useBlocked } from '../../store/connection.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field, FormRefusal } from '../../ui/field.tsx';
import { Kbd } from '../../ui/kbd.tsx';
import { toast } from '../../ui/toasts.tsx';
import { serverDragType } from './drag.ts';
import { checkName, freeName } from './pool-name.ts';
import { draggedServer } from './pool-panel.tsx';

/** `first` is the id of the server to move there; null where its address is asked for as well. */
const useNewPool = create<{ asking: { first: string | null } | null }>(() => ({ asking: null }));

/** Asks for the name of a new pool. @param first id of the server that becomes its first */
export function askForPool(first: string | null = null): void {
  const reason = blocked('edit');
  if (reason) toast({ tone: 'neutral', text: reason });
  else useNewPool.setState({ asking: { first } });
}

/** A place to drop a server that shall have a pool of its own. */
export function NewPoolZone() {
  const reason = useBlocked('edit');
  return (
    <DropZone
      className="new-pool"
      aria-label="New pool"
      isDisabled={reason !== undefined}
      getDropOperation={(types) => (types.has(serverDragType) ? 'move' : 'cancel')}
      onDrop={async ({ items }) => {
        const id = await draggedServer(items);
        if (id !== undefined) askForPool(id);
      }}
    >
      <Button tone="ghost" icon="plus" disabledReason={reason} onPress={() => askForPool()}>
        New pool: drop a server here, or press <Kbd keys="N" />
      </Button>
    </DropZone>
  );
}

export function NewPoolDialog() {
  const asking = useNewPool((state) => state.asking);
  const close = () => useNewPool.setState({ asking: null });
  return (
    <Dialog title="New pool" isOpen={asking !== null} onClose={close}>
      {asking && <NewPoolForm first={asking.first} close={close} />}
    </Dialog>
  );
}

function NewPoolForm({ first, close }: { first: string | null; close: () => void }) {
  const taken = useConfig((state) => state.poolNames);
  const server = useConfig((state) => (first === null ? undefined : state.servers[first]));
  const [name, setName] = useState(() => freeName(taken));
  const [address, setAddress] = useState('');
  const [refusal, setRefusal] = useState<string>();
  const problem = checkName(name, taken);
  const needsAddress = server === undefined && address.trim() === '';

  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (problem !== undefined || needsAddress) return;
    const refused = await submit(
      'pool.add',
      { name, first: server ? { pool: server.pool, server: server.name } : { address: address.trim() } },
      server ? `Moved ${server.name} to the new pool ${name}` : `Added pool ${name}`,
    );
    if (refused === undefined) close();
    else setRefusal(refused);
  };

  return (
    <form onSubmit={send}>
      <Field
        label="Name"
        value={name}
        onChange={(text) => {
          setName(text);
          setRefusal(undefined);
        }}
        autoFocus
        isInvalid={problem !== undefined}
        note={problem ?? (server && `${server.name} moves there from ${server.pool}`)}
        noteTone={problem !== undefined ? 'bad' : 'plain'}
      />
      {!server && (
        <Field
          label="Address of its first server"
          value={address}
          onChange={(text) => {
            setAddress(text);
            setRefusal(undefined);
          }}
          placeholder="127.0.0.1:3001"
          mono
        />
      )}
      <FormRefusal text={refusal} />
      <div className="dialog-actions">
        <Button tone="ghost" onPress={close}>
          Cancel
        </Button>
        <Button
          tone="primary"
          type="submit"
          disabledReason={problem ?? (needsAddress ? 'A pool needs a server: write its address' : undefined)}
        >
          Create pool
        </Button>
      </div>
    </form>
  );
}
