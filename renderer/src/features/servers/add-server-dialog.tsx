import { type FormEvent, useState } from 'react';
import { create } from 'zustand';
import { submit } from '../../connection/run.ts';
import { useConfig } from '../../store/config.ts';
import { blocked } from '../../store/connection.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field, FormRefusal } from '../../ui/field.tsx';
import { Stepper } from '../../ui/stepper.tsx';
import { toast } from '../../ui/toasts.tsx';
import { checkAddress } from './check-address.ts';

/** The pool a server is being added to; null while the dialog is closed. */
const useAddServer = create<{ pool: string | null }>(() => ({ pool: null }));

/** Asks for the address of a new server of that pool. */
export function askForServer(pool: string): void {
  const reason = blocked('edit');
  if (reason) toast({ tone: 'neutral', text: reason });
  else useAddServer.setState({ pool });
}

export function AddServerDialog() {
  const pool = useAddServer((state) => state.pool);
  const close = () => useAddServer.setState({ pool: null });
  return (
    <Dialog title={`Add a server to ${pool ?? ''}`} isOpen={pool !== null} onClose={close}>
      {pool !== null && <AddServerForm pool={pool} close={close} />}
    </Dialog>
  );
}

function AddServerForm({ pool, close }: { pool: string; close: () => void }) {
  const servers = useConfig((state) => state.servers);
  const [address, setAddress] = useState('');
  const [name, setName] = useState('');
  const [weight, setWeight] = useState(1);
  const [refusal, setRefusal] = useState<string>();
  const [isSending, setSending] = useState(false);
  const members = Object.values(servers).filter((server) => server.pool === pool);
  const check = checkAddress(address, members);
  const twin = members.find((member) => member.name === name.trim());

  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (check.text === undefined || twin) return;
    setSending(true);
    try {
      const refused = await submit(
        'server.add',
        { pool, address: check.text, weight, ...(name.trim() !== '' && { name: name.trim() }) },
        `Added ${name.trim() || check.text} to ${pool}`,
      );
      if (refused === undefined) close();
      else setRefusal(refused);
    } finally {
      setSending(false);
    }
  };

  return (
    <form onSubmit={send}>
      <Field
        label="Address"
        value={address}
        onChange={(text) => {
          setAddress(text);
          setRefusal(undefined);
        }}
        placeholder="127.0.0.1:3001"
        autoFocus
        mono
        isInvalid={check.tone === 'bad'}
        note={check.note}
        noteTone={check.tone}
      />
      <div className="field-row">
        <Field
          label="Name"
          value={name}
          onChange={(text) => {
            setName(text);
            setRefusal(undefined);
          }}
          placeholder={`${pool}-${members.length + 1}`}
          isInvalid={twin !== undefined}
          note={twin && `${pool} has a server called ${twin.name}; give this one another name`}
          noteTone="bad"
        />
        <div className="field">
          <span className="field-label">Weight</span>
          <Stepper label="Weight" value={weight} minValue={0} maxValue={1_000} onChange={setWeight} />
        </div>
      </div>
      <FormRefusal text={refusal} />
      <div className="dialog-actions">
        <Button tone="ghost" onPress={close}>
          Cancel
        </Button>
        <Button
          tone="primary"
          type="submit"
          isPending={isSending}
          disabledReason={
            check.text === undefined ? (check.note ?? 'Write an address first') : twin && 'The name is taken'
          }
        >
          Add server
        </Button>
      </div>
    </form>
  );
}
