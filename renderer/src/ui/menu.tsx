import { type CSSProperties, type ReactNode, type RefObject, useEffect, useRef } from 'react';
import {
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuSection as AriaMenuSection,
  Header,
  MenuTrigger,
  Popover,
  type PopoverProps,
  SubmenuTrigger,
} from 'react-aria-components';
import { Icon } from './icon.tsx';
import type { IconName } from './icons.ts';
import { Kbd } from './kbd.tsx';

export interface MenuEntry {
  readonly id: string;
  readonly label: string;
  readonly icon?: IconName | undefined;
  readonly shortcut?: string | undefined;
  /** A second line: what it does, or why it cannot be done now. */
  readonly detail?: string | undefined;
  readonly disabledReason?: string | undefined;
  readonly tone?: 'bad' | undefined;
  readonly isSelected?: boolean | undefined;
  readonly run?: (() => void) | undefined;
  readonly children?: readonly MenuEntry[] | undefined;
}

export interface MenuSection {
  readonly id: string;
  readonly title?: string | undefined;
  readonly entries: readonly MenuEntry[];
}

interface MenuProps {
  label: string;
  sections: readonly MenuSection[];
  placement?: PopoverProps['placement'];
  /** In pixels; less where the window has not as much. */
  width?: number | undefined;
}

/** The popover gives a menu the room it asks for, up to the window's. */
const roomFor = (width: number | undefined): CSSProperties =>
  width === undefined ? {} : ({ '--menu-width': `${width}px` } as CSSProperties);

/** A button with a menu below it. The first child is the button. */
export function MenuButton({ children, ...menu }: MenuProps & { children: ReactNode }) {
  return (
    <MenuTrigger>
      {children}
      <Popover
        className="popover"
        placement={menu.placement ?? 'bottom start'}
        offset={5}
        style={roomFor(menu.width)}
      >
        <Sections {...menu} />
      </Popover>
    </MenuTrigger>
  );
}

/** A menu opened by a right click or a key, beside `anchor`. */
export function ContextMenu(
  props: MenuProps & { anchor: RefObject<Element | null>; isOpen: boolean; onClose: () => void },
) {
  const { anchor, isOpen, onClose, ...menu } = props;
  return (
    <Popover
      className="popover"
      triggerRef={anchor}
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      placement={menu.placement ?? 'bottom start'}
      offset={2}
      style={roomFor(menu.width)}
    >
      <Sections {...menu} onClose={onClose} />
    </Popover>
  );
}

function Sections({ label, sections, onClose }: MenuProps & { onClose?: () => void }) {
  const menu = useRef<HTMLDivElement>(null);
  // A menu of which one entry is chosen begins there: what holds now is in sight, however long the list. A frame later, because the menu
  // itself looks for its first entry only once all of them are there; and in sight once the popover has its height.
  useEffect(() => {
    let frame = requestAnimationFrame(() => {
      const chosen = menu.current?.querySelector<HTMLElement>('.chosen');
      chosen?.focus();
      frame = requestAnimationFrame(() => chosen?.scrollIntoView({ block: 'nearest' }));
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  return (
    <AriaMenu ref={menu} className="menu" aria-label={label} autoFocus="first" {...(onClose && { onClose })}>
      {sections.map((section) => (
        <AriaMenuSection key={section.id} className="menu-section" aria-label={section.title ?? section.id}>
          {section.title && <Header className="menu-title">{section.title}</Header>}
          {section.entries.map((entry) =>
            entry.children ? (
              <SubmenuTrigger key={entry.id}>
                <Entry entry={entry} />
                <Popover className="popover" offset={-2}>
                  <Sections label={entry.label} sections={[{ id: entry.id, entries: entry.children }]} />
                </Popover>
              </SubmenuTrigger>
            ) : (
              <Entry key={entry.id} entry={entry} />
            ),
          )}
        </AriaMenuSection>
      ))}
    </AriaMenu>
  );
}

function Entry({ entry }: { entry: MenuEntry }) {
  const detail = entry.disabledReason ?? entry.detail;
  return (
    <AriaMenuItem
      id={entry.id}
      textValue={entry.label}
      className={`menu-item ${entry.tone ?? ''} ${entry.isSelected ? 'chosen' : ''}`}
      isDisabled={entry.disabledReason !== undefined}
      {...(entry.run && { onAction: entry.run })}
    >
      <span className="menu-icon">
        {entry.isSelected ? (
          <Icon name="check" size={14} />
        ) : (
          entry.icon && <Icon name={entry.icon} size={14} />
        )}
      </span>
      {/* No slots: its name is all it shows, so that whoever speaks to the machine can say any of it. */}
      <span className="menu-label">
        {entry.label}
        {entry.isSelected && <span className="visually-hidden"> (chosen)</span>}
      </span>
      {entry.shortcut && <Kbd keys={entry.shortcut} />}
      {detail && <span className="menu-detail">{detail}</span>}
      {entry.children && <Icon name="chevronRight" size={12} />}
    </AriaMenuItem>
  );
}
