import { Button as AriaButton, Disclosure, DisclosurePanel } from 'react-aria-components';
import { Icon } from './icon.tsx';

/** Settings that can have no effect: one quiet line, and what they are when somebody asks. Nothing where there are none. */
export function SettingNotes({
  notes,
}: {
  notes: readonly { readonly rule: string; readonly line: number | null; readonly message: string }[];
}) {
  if (notes.length === 0) return null;
  return (
    <Disclosure className="setting-notes">
      <AriaButton slot="trigger" className="setting-notes-head">
        <Icon name="info" size={13} />
        {notes.length === 1
          ? 'One setting says more than it does'
          : `${notes.length} settings say more than they do`}
        <Icon name="chevronRight" size={12} />
      </AriaButton>
      <DisclosurePanel>
        <ul>
          {notes.map(({ rule, line, message }, index) => (
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
