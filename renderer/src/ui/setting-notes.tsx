import { Button as AriaButton, Disclosure, DisclosurePanel } from 'react-aria-components';
import { Icon } from './icon.tsx';

/**
 * Settings that can have no effect: one quiet line, and what they are when somebody asks. Nothing where there are none.
 *
 * @param path of the file they stand in
 */
export function SettingNotes({
  notes,
  path,
}: {
  notes: readonly { readonly rule: string; readonly line: number | null; readonly message: string }[];
  path: string | undefined;
}) {
  if (notes.length === 0) return null;
  const file = path?.split(/[\\/]/).at(-1);
  return (
    <Disclosure className="setting-notes">
      <AriaButton slot="trigger" className="setting-notes-head">
        <Icon name="info" size={13} />
        {notes.length === 1 ? '1 setting has no effect' : `${notes.length} settings have no effect`}
        <Icon name="chevronRight" size={12} />
      </AriaButton>
      <DisclosurePanel>
        <ul>
          {notes.map(({ rule, line, message }, index) => (
            <li key={`${rule} ${line ?? index}`}>
              <code>{line === null ? file : `${file}:${line}`}</code>
              <span>{message}</span>
            </li>
          ))}
        </ul>
      </DisclosurePanel>
    </Disclosure>
  );
}
