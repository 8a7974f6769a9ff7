import type { ReactNode } from 'react';

/** A small fact. `accent`: it can be changed here; `quiet`: it is only told. */
export function Chip({
  tone = 'quiet',
  className = '',
  children,
}: {
  tone?: 'accent' | 'quiet' | 'warn';
  className?: string;
  children: ReactNode;
}) {
  return <span className={`chip ${tone} ${className}`.trimEnd()}>{children}</span>;
}
