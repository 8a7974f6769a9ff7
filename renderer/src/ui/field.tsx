import { FieldError, Input, Label, Text, TextField } from 'react-aria-components';

export interface FieldProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
  placeholder?: string;
  autoFocus?: boolean;
  mono?: boolean;
  isInvalid?: boolean;
  /** Said below the field; its line stays when there is nothing to say. */
  note?: string | undefined;
  noteTone?: 'plain' | 'bad';
}

/** A line of text with its label and a line for what is wrong with it. */
export function Field(props: FieldProps) {
  const {
    label,
    value,
    onChange,
    placeholder,
    autoFocus = false,
    mono,
    isInvalid = false,
    note,
    noteTone,
  } = props;
  return (
    <TextField
      className="field"
      value={value}
      onChange={onChange}
      isInvalid={isInvalid}
      autoFocus={autoFocus}
      validationBehavior="aria"
    >
      <Label>{label}</Label>
      <Input
        className={mono ? 'mono' : ''}
        spellCheck={false}
        autoComplete="off"
        {...(placeholder !== undefined && { placeholder })}
      />
      {isInvalid ? (
        <FieldError className={`field-note ${noteTone ?? ''}`}>{note}</FieldError>
      ) : (
        <Text slot="description" className={`field-note ${noteTone ?? ''}`}>
          {note}
        </Text>
      )}
    </TextField>
  );
}

/** What Ballast said to the whole form. Its line stays when there is nothing to say. */
export function FormRefusal({ text }: { text: string | undefined }) {
  return (
    <p className="field-note bad form-refusal" role="alert">
      {text && text.charAt(0).toUpperCase() + text.slice(1)}
    </p>
  );
}
