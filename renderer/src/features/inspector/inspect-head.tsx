import type { ReactNode } from 'react';
import { select } from '../../store/interface.ts';
import { IconButton } from '../../ui/button.tsx';

export function InspectHead({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <header className="inspect-head">
      <h2>{title}</h2>
      {children}
      <IconButton icon="cross" label="Close" shortcut="Esc" size={14} onPress={() => select(null)} />
    </header>
  );
}

/** Facts, one per line: a word and what it is. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
