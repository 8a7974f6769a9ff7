import { useInterface } from '../store/interface.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Kbd } from '../ui/kbd.tsx';
import { screens } from './screens.ts';
import { globalShortcuts } from './shortcuts.ts';

export function ShortcutsHelp() {
  const isOpen = useInterface((state) => state.shortcutsOpen);
  const groups = [
    { title: 'Everywhere', keys: globalShortcuts() },
    ...screens.flatMap(({ label, shortcuts }) => (shortcuts ? [{ title: label, keys: shortcuts }] : [])),
  ];
  return (
    <Dialog
      title="Keyboard shortcuts"
      width={640}
      isOpen={isOpen}
      onClose={() => useInterface.setState({ shortcutsOpen: false })}
    >
      <div className="shortcuts">
        {groups.map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map((each) => (
                <div key={each.keys + each.label}>
                  <dt>{each.label}</dt>
                  <dd>
                    {each.keys.split(' or ').map((key) => (
                      <Kbd key={key} keys={key} />
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
