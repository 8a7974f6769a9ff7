import { type FormEvent, useState } from 'react';
import { DropZone } from 'react-aria-components';
import { create } from 'zustand';
import { useSubmission } from '../../connection/use-submission.ts';
import { useConfig } from '../../store/config.ts';
import { blocked, useBlocked } from '../../store/connection.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
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
  const { refusal, isSending, forget, send } = useSubmission(close);
  const problem = checkName(name, taken);
  const needsAddress = server === undefined && address.trim() === '';

  const add = (event: FormEvent) => {
    event.preventDefault();
    if (problem !== undefined || needsAddress) return;
    void send(
      'pool.add',
      { name, first: server ? { pool: server.pool, server: server.name } : { address: address.trim() } },
      server ? `Moved ${server.name} to the new pool ${name}` : `Added pool ${name}`,
    );
  };

  return (
    <form onSubmit={add}>
      <Field
        label="Name"
        value={name}
        onChange={(text) => {
          setName(text);
          forget();
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
            forget();
          }}
          placeholder="127.0.0.1:3001"
          mono
        />
      )}
      <FormRefusal text={refusal} />
      <DialogActions
        send="Create pool"
        isSending={isSending}
        disabledReason={problem ?? (needsAddress ? 'A pool needs a server: write its address' : undefined)}
        onCancel={close}
      />
    </form>
  );
}
