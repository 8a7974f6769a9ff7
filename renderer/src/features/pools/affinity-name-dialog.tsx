import { type AffinityDefinition, type AffinityKind, affinities } from '@shared/catalog/affinities.ts';
import { type FormEvent, useState } from 'react';
import { useAffinityName } from '../../connection/set-affinity.ts';
import { useSubmission } from '../../connection/use-submission.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, FormRefusal } from '../../ui/field.tsx';

/** Asks for the name of the cookie or of the field by which a pool is to tell its clients apart. */
export function AffinityNameDialog() {
  const { pool, affinity } = useAffinityName();
  const close = () => useAffinityName.setState({ pool: null });
  return (
    <Dialog
      title={`Affinity of ${pool ?? ''}: ${affinities[affinity].label.toLowerCase()}`}
      isOpen={pool !== null}
      onClose={close}
    >
      {pool !== null && <AffinityNameForm pool={pool} affinity={affinity} close={close} />}
    </Dialog>
  );
}

function AffinityNameForm({
  pool,
  affinity,
  close,
}: {
  pool: string;
  affinity: AffinityKind;
  close: () => void;
}) {
  const [name, setName] = useState('');
  const { refusal, isSending, forget, send } = useSubmission(close);
  const { explain, names, label }: AffinityDefinition = affinities[affinity];
  const given = name.trim();
  const set = (event: FormEvent) => {
    event.preventDefault();
    if (given === '') return;
    void send(
      'pool.set-affinity',
      { pool, affinity, name: given },
      `${pool}: ${label.toLowerCase()} ${given}`,
    );
  };
  return (
    <form onSubmit={set}>
      <Field
        label={`Name of ${names?.what ?? 'it'}`}
        value={name}
        onChange={(text) => {
          setName(text);
          forget();
        }}
        placeholder={names?.example ?? ''}
        autoFocus
        mono
        note={explain}
      />
      <FormRefusal text={refusal} />
      <DialogActions
        send="Set affinity"
        isSending={isSending}
        disabledReason={given === '' ? 'Write the name first' : undefined}
        onCancel={close}
      />
    </form>
  );
}
