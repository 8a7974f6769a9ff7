import { type FormEvent, useState } from 'react';
import { create } from 'zustand';
import { useSubmission } from '../../connection/use-submission.ts';
import { useConfig } from '../../store/config.ts';
import { blocked } from '../../store/connection.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
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
  const { refusal, isSending, forget, send } = useSubmission(close);
  const members = Object.values(servers).filter((server) => server.pool === pool);
  const check = checkAddress(address, members);
  const twin = members.find((member) => member.name === name.trim());

  const add = (event: FormEvent) => {
    event.preventDefault();
    if (check.text === undefined || twin) return;
    void send(
      'server.add',
      { pool, address: check.text, weight, ...(name.trim() !== '' && { name: name.trim() }) },
      `Added ${name.trim() || check.text} to ${pool}`,
    );
  };

  return (
    <form onSubmit={add}>
      <Field
        label="Address"
        value={address}
        onChange={(text) => {
          setAddress(text);
          forget();
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
            forget();
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
      <DialogActions
        send="Add server"
        isSending={isSending}
        disabledReason={
          check.text === undefined ? (check.note ?? 'Write an address first') : twin && 'The name is taken'
        }
        onCancel={close}
      />
    </form>
  );
}
