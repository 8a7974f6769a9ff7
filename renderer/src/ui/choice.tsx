import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import { MenuButton } from './menu.tsx';

export interface ChoiceProps<T extends string> {
  /** What is chosen, e.g. `Pool`. */
  readonly label: string;
  readonly options: readonly { readonly id: T; readonly label: string; readonly detail?: string }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly width?: number;
}

/** One of several, behind a button that shows the choice: `Pool  api ⌄`. */
export function Choice<T extends string>({ label, options, value, onChange, width }: ChoiceProps<T>) {
  const chosen = options.find(({ id }) => id === value);
  return (
    <MenuButton
      label={label}
      width={width}
      sections={[
        {
          id: 'options',
          entries: options.map((option) => ({
            id: option.id,
            label: option.label,
            detail: option.detail,
            isSelected: option.id === value,
            run: () => onChange(option.id),
          })),
        },
      ]}
    >
      <Button className="choice">
        {/* The space is for the name that is read out; on screen there is a gap. */}
        <span className="choice-label">{`${label} `}</span>
        <span className="choice-value">{chosen?.label ?? value}</span>
        <Icon name="chevronDown" size={12} />
      </Button>
    </MenuButton>
  );
}
