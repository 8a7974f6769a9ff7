import type { ReactNode } from 'react';

/** A small fact. `accent`: it can be changed here; `quiet`: it is only told. */
export function Chip({
  tone = 'quiet',
  className = '',
  title,
  children,
}: {
  tone?: 'accent' | 'quiet' | 'warn';
  className?: string;
  /** More than the words, for who points at it. */
  title?: string;
  children: ReactNode;
}) {
  return (
    <span className={`chip ${tone} ${className}`.trimEnd()} title={title}>
      {children}
    </span>
  );
}
