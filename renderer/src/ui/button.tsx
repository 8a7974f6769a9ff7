import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import { Icon } from './icon.tsx';
import type { IconName } from './icons.ts';
import { Tooltip } from './tooltip.tsx';

interface Common extends Omit<AriaButtonProps, 'className' | 'children' | 'isDisabled' | 'render'> {
  /** Why the control does nothing now. It stays focusable, so that everybody can learn the reason. */
  disabledReason?: string | undefined;
  className?: string;
}

export interface ButtonProps extends Common {
  tone?: 'plain' | 'primary' | 'ghost' | 'danger';
  icon?: IconName;
  children?: ReactNode;
  tooltip?: string;
  shortcut?: string;
}

/** A button with words. */
export function Button({ tone = 'plain', icon, children, tooltip, shortcut, ...rest }: ButtonProps) {
  const button = (
    <Press {...rest} className={`button ${tone} ${rest.className ?? ''}`}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </Press>
  );
  const text = rest.disabledReason ?? tooltip;
  if (text === undefined) return button;
  return (
    <Tooltip text={text} shortcut={rest.disabledReason ? undefined : shortcut}>
      {button}
    </Tooltip>
  );
}

export interface IconButtonProps extends Common {
  icon: IconName;
  /** Its name for everybody: tooltip and accessible label. */
  label: string;
  /** More than the label, for the tooltip. */
  hint?: string;
  shortcut?: string;
  size?: number;
  tone?: 'plain' | 'good' | 'bad' | 'accent';
  tooltipPlacement?: 'top' | 'bottom' | 'left' | 'right';
}

/** A button that is only an icon: it always has a label and a tooltip. */
export function IconButton(props: IconButtonProps) {
  const { icon, label, hint, shortcut, size = 16, tone = 'plain', tooltipPlacement, ...rest } = props;
  return (
    <Tooltip
      text={rest.disabledReason ?? hint ?? label}
      shortcut={rest.disabledReason ? undefined : shortcut}
      {...(tooltipPlacement && { placement: tooltipPlacement })}
    >
      <Press {...rest} aria-label={label} className={`icon-button ${tone} ${rest.className ?? ''}`}>
        <Icon name={icon} size={size} />
      </Press>
    </Tooltip>
  );
}

function Press({ disabledReason, onPress, ...rest }: Common & { children: ReactNode }) {
  if (disabledReason === undefined) return <AriaButton {...rest} {...(onPress && { onPress })} />;
  // Not isDisabled: a disabled button cannot be focused or hovered, so nobody could read the reason.
  return <AriaButton {...rest} render={(dom) => <button {...dom} aria-disabled="true" />} />;
}
