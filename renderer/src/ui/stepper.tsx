import { Button, Group, Input, NumberField } from 'react-aria-components';
import { Icon } from './icon.tsx';

export interface StepperProps {
  label: string;
  value: number;
  minValue: number;
  maxValue: number;
  onChange: (value: number) => void;
  disabledReason?: string | undefined;
  isPending?: boolean;
}

/** A whole number with minus and plus; it can also be typed. */
export function Stepper({
  label,
  value,
  minValue,
  maxValue,
  onChange,
  disabledReason,
  isPending,
}: StepperProps) {
  return (
    <NumberField
      className={`stepper ${isPending ? 'pending' : ''}`}
      aria-label={disabledReason ? `${label} (${disabledReason})` : label}
      value={value}
      minValue={minValue}
      maxValue={maxValue}
      formatOptions={{ maximumFractionDigits: 0, useGrouping: false }}
      isReadOnly={disabledReason !== undefined}
      isWheelDisabled
      onChange={(next) => {
        if (Number.isInteger(next) && next !== value) onChange(next);
      }}
    >
      <Group>
        <Button slot="decrement">
          <Icon name="minus" size={11} />
        </Button>
        <Input style={{ width: `${Math.max(2, String(value).length + 1)}ch` }} />
        <Button slot="increment">
          <Icon name="plus" size={11} />
        </Button>
      </Group>
    </NumberField>
  );
}
