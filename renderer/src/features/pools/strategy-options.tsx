import {
  type StrategyKind,
  type StrategyOption,
  strategies,
  writtenOptions,
} from '@shared/catalog/strategies.ts';
import { type FormEvent, useState } from 'react';
import { create } from 'zustand';
import { useSubmission } from '../../connection/use-submission.ts';
import { useConfig } from '../../store/config.ts';
import { blocked } from '../../store/connection.ts';
import { Choice } from '../../ui/choice.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, FormRefusal } from '../../ui/field.tsx';
import { toast } from '../../ui/toasts.tsx';
import { checkOption, readOption, shownOption } from './strategy-option-text.ts';

/** The pool whose strategy is asked for, and the one it is to get; null while the dialog is closed. */
const useStrategyOptions = create<{ asking: { pool: string; kind: StrategyKind } | null }>(() => ({
  asking: null,
}));

/** Asks for the options of a strategy that the pool has, or is to get. */
export function askForStrategyOptions(pool: string, kind: StrategyKind): void {
  const reason = blocked('edit');
  if (reason) toast({ tone: 'neutral', text: reason });
  else useStrategyOptions.setState({ asking: { pool, kind } });
}

export function StrategyOptionsDialog() {
  const asking = useStrategyOptions((state) => state.asking);
  const close = () => useStrategyOptions.setState({ asking: null });
  const title = asking === null ? '' : `${strategies[asking.kind].label} for ${asking.pool}`;
  return (
    <Dialog title={title} isOpen={asking !== null} onClose={close} width={480}>
      {asking && <StrategyOptionsForm {...asking} close={close} />}
    </Dialog>
  );
}

/** A field for each option of the catalog's definition. */
function StrategyOptionsForm({ pool, kind, close }: { pool: string; kind: StrategyKind; close: () => void }) {
  const present = useConfig(({ pools }) => pools[pool]?.strategy);
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(() =>
    present?.kind === kind
      ? Object.fromEntries(
          Object.entries(writtenOptions(present)).map(([key, value]) => [key, String(value)]),
        )
      : {},
  );
  const { refusal, isSending, forget, send } = useSubmission(close);
  const { label, explain } = strategies[kind];
  const options: readonly [string, StrategyOption][] = Object.entries(strategies[kind].options);
  const problem = options.map(([key, option]) => checkOption(option, texts[key] ?? '')).find(Boolean);
  const values = Object.fromEntries(
    options.map(([key, option]) => [key, readOption(option, texts[key] ?? '')]),
  );
  const set = (key: string, text: string) => {
    setTexts({ ...texts, [key]: text });
    forget();
  };

  const save = (event: FormEvent) => {
    event.preventDefault();
    if (problem !== undefined) return;
    void send(
      'pool.set-strategy',
      { pool, strategy: kind, options: values },
      `${pool} now uses ${label.toLowerCase()}`,
    );
  };

  return (
    <form onSubmit={save}>
      <p className="field-note">
        {explain(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value ?? undefined])))}
      </p>
      {options.map(([key, option], index) =>
        option.type === 'choice' ? (
          <div className="field" key={key}>
            <Choice
              label={option.label}
              options={option.of.map((each) => ({ id: each, label: each }))}
              value={texts[key] ?? String(option.default)}
              onChange={(text) => set(key, text)}
            />
            <span className="field-note">{option.explain}</span>
          </div>
        ) : (
          <Field
            key={key}
            label={option.label}
            value={texts[key] ?? ''}
            onChange={(text) => set(key, text)}
            placeholder={shownOption(option)}
            autoFocus={index === 0}
            mono
            isInvalid={(texts[key] ?? '') !== '' && checkOption(option, texts[key]!) !== undefined}
            note={
              (texts[key] ?? '') === ''
                ? option.explain
                : (checkOption(option, texts[key]!) ?? option.explain)
            }
            noteTone={(texts[key] ?? '') !== '' && checkOption(option, texts[key]!) ? 'bad' : 'plain'}
          />
        ),
      )}
      <FormRefusal text={refusal} />
      <DialogActions
        send={present?.kind === kind ? 'Save options' : `Use ${label.toLowerCase()}`}
        isSending={isSending}
        disabledReason={problem}
        onCancel={close}
      />
    </form>
  );
}
