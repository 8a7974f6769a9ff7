import { Button as AriaButton } from 'react-aria-components';
import { setTimelineOpen, showScreen, useInterface } from '../store/interface.ts';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import { screens, slots } from './screens.ts';

/** The screens, top to bottom, by the keys 1 to 9. */
export function Rail() {
  const current = useInterface((state) => state.screen);
  const timelineOpen = useInterface((state) => state.timelineOpen);
  return (
    <nav className="rail" aria-label="Screens">
      {screens.map(({ id, label, icon }, index) => (
        <Tooltip key={id} text={label} shortcut={String(index + 1)} placement="right">
          <AriaButton
            className={`rail-item ${id === current ? 'current' : ''}`}
            onPress={() => showScreen(id)}
            render={(dom) => <button {...dom} aria-current={id === current ? 'page' : undefined} />}
          >
            <Icon name={icon} size={18} />
            <span>{label}</span>
          </AriaButton>
        </Tooltip>
      ))}
      <span className="rail-space" />
      {slots.timeline && (
        <IconButton
          icon="panelBottom"
          label={timelineOpen ? 'Hide the timeline' : 'Show the timeline'}
          shortcut="L"
          tooltipPlacement="right"
          tone={timelineOpen ? 'accent' : 'plain'}
          onPress={() => setTimelineOpen(!timelineOpen)}
        />
      )}
      <IconButton
        icon="keyboard"
        label="Keyboard shortcuts"
        shortcut="?"
        tooltipPlacement="right"
        onPress={() => useInterface.setState({ shortcutsOpen: true })}
      />
    </nav>
  );
}
