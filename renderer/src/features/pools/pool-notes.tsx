import { useMemo } from 'react';
import { Button as AriaButton, Disclosure, DisclosurePanel } from 'react-aria-components';
import { plural } from '../../metrics/format.ts';
import { useSystem } from '../../store/system.ts';
import { Icon } from '../../ui/icon.tsx';

/** Settings of a pool that can have no effect: one quiet line, and what they are when somebody asks. */
export function PoolNotes({ name }: { name: string }) {
  const notes = useSystem(({ workspace }) => workspace?.notes);
  const own = useMemo(() => notes?.filter(({ pool }) => pool === name) ?? [], [notes, name]);
  if (own.length === 0) return null;
  return (
    <Disclosure className="pool-notes">
      <AriaButton slot="trigger" className="pool-notes-head">
        <Icon name="info" size={13} />
        {own.length === 1
          ? 'One setting says more than it does'
          : `${plural(own.length, 'setting')} say more than they do`}
        <Icon name="chevronRight" size={12} />
      </AriaButton>
      <DisclosurePanel>
        <ul>
          {own.map(({ rule, line, message }, index) => (
            <li key={`${rule} ${line ?? index}`}>
              {line !== null && <code>line {line}</code>}
              <span>{message}</span>
            </li>
          ))}
        </ul>
      </DisclosurePanel>
    </Disclosure>
  );
}
