import { run } from '../connection/run.ts';
import { formatCount } from '../metrics/format.ts';
import { useBlocked } from '../store/connection.ts';
import { useSystem } from '../store/system.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { MenuButton } from '../ui/menu.tsx';

const rates = [1, 5, 20, 100, 500, 2_000];

/** Ballast's own gentle traffic: on, off, how much. */
export function TrafficControl() {
  const generator = useSystem((state) => state.generator);
  const blocked = useBlocked('operate');
  if (!generator) return null;
  const { running, ratePerSecond, url } = generator;
  const disabledReason = blocked ?? (url === null ? 'There is no listener to send traffic to' : undefined);
  const set = (next: { running: boolean; ratePerSecond?: number }) =>
    void run('generator.set', next, 'Traffic not changed');
  return (
    <div className="traffic">
      <IconButton
        icon={running ? 'pause' : 'play'}
        label={running ? 'Stop traffic' : 'Send traffic'}
        hint={running ? 'Stop sending traffic' : `Send gentle traffic to ${url ?? 'a listener'}`}
        tooltipPlacement="bottom"
        disabledReason={disabledReason}
        onPress={() => set({ running: !running })}
      />
      <MenuButton
        label="Traffic"
        placement="bottom end"
        sections={[
          {
            id: 'rate',
            title: 'Requests a second that Ballast sends',
            entries: rates.map((rate) => ({
              id: String(rate),
              label: `${formatCount(rate)} a second`,
              isSelected: rate === ratePerSecond,
              disabledReason,
              run: () => set({ running: true, ratePerSecond: rate }),
            })),
          },
        ]}
      >
        <Button tone="ghost" tooltip="How much traffic Ballast sends by itself">
          Traffic <small>{running ? `${formatCount(ratePerSecond)}/s` : 'off'}</small>
        </Button>
      </MenuButton>
    </div>
  );
}
