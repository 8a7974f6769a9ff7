import { useMemo, useState } from 'react';
import {
  Autocomplete,
  Dialog,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  Modal,
  ModalOverlay,
  SearchField,
} from 'react-aria-components';
import { redo, undo } from '../connection/run.ts';
import { useConfig } from '../store/config.ts';
import { blocked } from '../store/connection.ts';
import { setTheme, setTimelineOpen, showScreen, useInterface } from '../store/interface.ts';
import { Icon } from '../ui/icon.tsx';
import { Kbd } from '../ui/kbd.tsx';
import { findActions, type PaletteAction } from './palette-action.ts';
import { screens, slots } from './screens.ts';

/** Everything that can be done, by typing part of its name. */
export function CommandPalette() {
  const isOpen = useInterface((state) => state.paletteOpen);
  const close = () => useInterface.setState({ paletteOpen: false });
  return (
    <ModalOverlay className="overlay" isOpen={isOpen} onOpenChange={(open) => !open && close()} isDismissable>
      <Modal className="modal palette">
        <Dialog aria-label="Commands">
          <Palette close={close} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** Most lines shown at once: nobody reads more, and each costs time to draw. */
const most = 40;

function Palette({ close }: { close: () => void }) {
  const all = useMemo(paletteActions, []);
  const [input, setInput] = useState('');
  const actions = useMemo(() => findActions(all, input).slice(0, most), [all, input]);
  const sections = [...new Set(actions.map(({ section }) => section))];
  return (
    <Autocomplete inputValue={input} onInputChange={setInput}>
      <SearchField className="palette-field" aria-label="Search commands" autoFocus>
        <Icon name="search" />
        <Input placeholder="Search screens, servers, actions…" />
        <Kbd keys="Esc" />
      </SearchField>
      <Menu
        className="menu palette-menu"
        aria-label="Commands"
        onClose={close}
        renderEmptyState={() => <p className="palette-none">Nothing has that name.</p>}
      >
        {sections.map((section) => (
          <MenuSection key={section} className="menu-section">
            <Header className="menu-title">{section}</Header>
            {actions
              .filter((action) => action.section === section)
              .map((action) => (
                <MenuItem
                  key={action.id}
                  id={action.id}
                  className="menu-item"
                  textValue={`${section} ${action.title}`}
                  isDisabled={action.disabledReason !== undefined}
                  onAction={() => {
                    close();
                    action.run();
                  }}
                >
                  <span className="menu-icon">
                    <Icon name={action.icon} size={14} />
                  </span>
                  <span className="palette-label">
                    {action.title}
                    {(action.disabledReason ?? action.detail) && (
                      <em>{action.disabledReason ?? action.detail}</em>
                    )}
                  </span>
                  {action.shortcut && <Kbd keys={action.shortcut} />}
                </MenuItem>
              ))}
          </MenuSection>
        ))}
      </Menu>
    </Autocomplete>
  );
}

function paletteActions(): readonly PaletteAction[] {
  const { canUndo, canRedo } = useConfig.getState();
  const { timelineOpen } = useInterface.getState();
  const edit = blocked('edit');
  return [
    ...screens.map(
      ({ id, label, icon }, index): PaletteAction => ({
        id: `screen-${id}`,
        section: 'Go to',
        title: label,
        icon,
        shortcut: String(index + 1),
        run: () => showScreen(id),
      }),
    ),
    ...screens.flatMap(({ actions }) => actions?.() ?? []),
    {
      id: 'undo',
      section: 'Edit',
      title: 'Undo the last edit',
      icon: 'undo',
      shortcut: 'Mod+Z',
      disabledReason: edit ?? (canUndo ? undefined : 'nothing to undo'),
      run: () => void undo(),
    },
    {
      id: 'redo',
      section: 'Edit',
      title: 'Do the undone edit again',
      icon: 'redo',
      shortcut: 'Mod+Shift+Z',
      disabledReason: edit ?? (canRedo ? undefined : 'nothing to do again'),
      run: () => void redo(),
    },
    { id: 'dark', section: 'View', title: 'Dark theme', icon: 'moon', run: () => setTheme('dark') },
    { id: 'light', section: 'View', title: 'Light theme', icon: 'sun', run: () => setTheme('light') },
    {
      id: 'system',
      section: 'View',
      title: 'Theme as the system',
      icon: 'monitor',
      run: () => setTheme('system'),
    },
    ...(slots.timeline
      ? [
          {
            id: 'timeline',
            section: 'View',
            title: timelineOpen ? 'Hide the timeline' : 'Show the timeline',
            icon: 'panelBottom' as const,
            shortcut: 'L',
            run: () => setTimelineOpen(!timelineOpen),
          },
        ]
      : []),
    {
      id: 'shortcuts',
      section: 'View',
      title: 'Keyboard shortcuts',
      icon: 'keyboard',
      shortcut: '?',
      run: () => useInterface.setState({ shortcutsOpen: true }),
    },
  ];
}
