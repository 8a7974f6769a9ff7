import type { ReactNode } from 'react';

/** A small fact. `accent`: it can be changed here; `quiet`: it is only told. */
export function Chip({
  tone = 'quiet',
  children,
}: {
  tone?: 'accent' | 'quiet' | 'warn';
  children: ReactNode;
}) {
  return <span className={`chip ${tone}`}>{children}</span>;
}
