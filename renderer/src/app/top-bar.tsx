import { redo, undo } from '../connection/run.ts';
import { formatCount, formatMs, formatRate, formatSuccess } from '../metrics/format.ts';
import { LiveText, useLive } from '../metrics/live.tsx';
import { useConfig } from '../store/config.ts';
import { useBlocked } from '../store/connection.ts';
import { useInterface } from '../store/interface.ts';
import { useSystem } from '../store/system.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Kbd } from '../ui/kbd.tsx';
import { Mark } from '../ui/mark.tsx';
import { toggleTheme } from './shortcuts.ts';
import { TrafficControl } from './traffic-control.tsx';

/** Brand and workspace, the one truth about what clients saw, and the tools. */
export function TopBar() {
  const workspace = useSystem((state) => state.workspace);
  return (
    <header className="top">
      <div className="brand">
        <Mark />
        <h1>Ballast</h1>
        {workspace && (
          <span className="workspace" title={workspace.path}>
            {workspace.demo ? 'demo' : workspace.title}
          </span>
        )}
      </div>
      <Truth />
      <div className="tools">
        <History />
        <TrafficControl />
        <Button tone="ghost" onPress={() => useInterface.setState({ paletteOpen: true })}>
          <Icon name="search" />
          <span className="visually-hidden">Search and commands</span>
          <Kbd keys="Mod+K" />
        </Button>
        <ThemeButton />
      </div>
    </header>
  );
}

/** Every edit of the file can be taken back: that has to be seen, not known. */
function History() {
  const canUndo = useConfig((state) => state.canUndo);
  const canRedo = useConfig((state) => state.canRedo);
  const blocked = useBlocked('edit');
  return (
    <div className="history">
      <IconButton
        icon="undo"
        label="Undo the last edit"
        shortcut="Mod+Z"
        tooltipPlacement="bottom"
        disabledReason={blocked ?? (canUndo ? undefined : 'No edit to undo')}
        onPress={() => void undo()}
      />
      <IconButton
        icon="redo"
        label="Do the undone edit again"
        shortcut="Mod+Shift+Z"
        tooltipPlacement="bottom"
        disabledReason={blocked ?? (canRedo ? undefined : 'No undone edit to do again')}
        onPress={() => void redo()}
      />
    </div>
  );
}

function ThemeButton() {
  const theme = useInterface((state) => state.theme);
  const label = theme === 'system' ? 'Theme: as the system' : `Theme: ${theme}`;
  return (
    <IconButton
      icon={theme === 'system' ? 'monitor' : theme === 'dark' ? 'moon' : 'sun'}
      label={label}
      hint={`${label}. Press to switch`}
      shortcut="Shift+T"
      tooltipPlacement="bottom"
      onPress={toggleTheme}
    />
  );
}

function Truth() {
  const success = useLive<HTMLDivElement>((element, metrics) => {
    const ratio = metrics?.total.successRatio ?? null;
    element.dataset.tone = ratio === null ? 'none' : ratio === 1 ? 'good' : ratio > 0.99 ? 'warn' : 'bad';
  });
  return (
    <div className="truth">
      <Figure label="clients saw" unit="success" ref={success} width={126}>
        <LiveText read={(metrics) => formatSuccess(metrics?.total.successRatio)} />
      </Figure>
      <Figure label="rate" unit="req/s" width={86}>
        <LiveText read={(metrics) => formatRate(metrics?.total.ratePerSecond)} />
      </Figure>
      <Figure label="p50" unit="ms" width={58}>
        <LiveText read={(metrics) => formatMs(metrics?.total.p50Ms)} />
      </Figure>
      <Figure label="p95" unit="ms" width={58}>
        <LiveText read={(metrics) => formatMs(metrics?.total.p95Ms)} />
      </Figure>
      <Figure label="p99" unit="ms" width={58}>
        <LiveText read={(metrics) => formatMs(metrics?.total.p99Ms)} />
      </Figure>
      <Figure
        label="saved by retry"
        width={84}
        tone="accent"
        unit={<LiveText read={(metrics) => `of ${formatCount(metrics?.total.retried ?? 0)}`} />}
      >
        <LiveText read={(metrics) => formatCount(metrics?.total.savedByRetry ?? 0)} />
      </Figure>
      <Figure label="lost" width={34} ref={useLost()}>
        <LiveText read={(metrics) => formatCount(metrics?.total.failed ?? 0)} />
      </Figure>
    </div>
  );
}

function useLost() {
  return useLive<HTMLDivElement>((element, metrics) => {
    element.dataset.tone = (metrics?.total.failed ?? 0) > 0 ? 'bad' : 'none';
  });
}

interface FigureProps {
  label: string;
  unit?: React.ReactNode;
  /** Room for number and unit, in pixels: the row does not shift when it grows. */
  width: number;
  tone?: 'accent';
  ref?: React.Ref<HTMLDivElement>;
  children: React.ReactNode;
}

function Figure({ label, unit, width, tone, ref, children }: FigureProps) {
  return (
    <div className={`figure ${tone ?? ''}`} ref={ref}>
      <small>{label}</small>
      <span style={{ minWidth: width }}>
        <b>{children}</b>
        {unit && <em>{unit}</em>}
      </span>
    </div>
  );
}
