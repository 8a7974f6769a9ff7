import { type StrategyKind, strategies, strategyKinds, writtenOptions } from '@shared/catalog/strategies.ts';
import type { PoolConfig } from '@shared/config/schema.ts';
import { run } from '../../connection/run.ts';
import { useBlocked } from '../../store/connection.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { MenuButton } from '../../ui/menu.tsx';
import { askForStrategyOptions } from './strategy-options.tsx';

/** What is said of a strategy that tells clients apart by their address. */
export const oneClientHere = 'On one machine every client is 127.0.0.1: one server gets everything.';

/** The pool's strategy, every other one, and the way to its options. */
export function StrategyMenu({ pool, strategy }: { pool: string; strategy: PoolConfig['strategy'] }) {
  const blocked = useBlocked('edit');
  const { kind } = strategy;
  const { label, explain, needs } = strategies[kind];
  const options = writtenOptions(strategy);
  const isByAddress = needs(options) === strategies['ip-hash'].needs();
  const hasOptions = Object.keys(strategies[kind].options).length > 0;
  const text = kind === 'hash' ? `${label} ${options.key}` : label;
  return (
    <MenuButton
      label={`Strategy of pool ${pool}`}
      width={600}
      sections={[
        {
          id: 'strategies',
          title: 'How the next server is picked',
          entries: strategyKinds.map((each) => ({
            id: each,
            label: strategies[each].label + (isAsking(each) ? '…' : ''),
            detail:
              blocked ??
              `${strategies[each].explain(each === kind ? options : {})} Good for: ${lowerFirst(strategies[each].goodFor)}`,
            isSelected: each === kind,
            disabledReason: blocked,
            run: () => choose(pool, kind, each),
          })),
        },
        ...(hasOptions
          ? [
              {
                id: 'options',
                entries: [
                  {
                    id: 'edit-options',
                    label: `Options of ${lowerFirst(label)}…`,
                    disabledReason: blocked,
                    run: () => askForStrategyOptions(pool, kind),
                  },
                ],
              },
            ]
          : []),
      ]}
    >
      <Button
        className={`chip ${isByAddress ? 'warn' : 'accent'}`}
        aria-label={`Strategy of pool ${pool}: ${text}`}
        tooltip={isByAddress ? `${explain(options)} ${oneClientHere}` : explain(options)}
      >
        {isByAddress && <Icon name="alert" size={12} />}
        <span className="chip-text">{text}</span>
        <Icon name="chevronDown" size={12} />
      </Button>
    </MenuButton>
  );
}

/** It cannot be chosen without saying more. */
function isAsking(kind: StrategyKind): boolean {
  return Object.values(strategies[kind].options).some(
    (option) => 'isRequired' in option && option.isRequired,
  );
}

function choose(pool: string, present: StrategyKind, kind: StrategyKind): void {
  if (isAsking(kind)) askForStrategyOptions(pool, kind);
  else if (kind !== present)
    void run('pool.set-strategy', { pool, strategy: kind }, `Strategy of ${pool} not changed`, {
      done: `${pool} now uses ${lowerFirst(strategies[kind].label)}`,
      canUndo: true,
    });
}

/** `IP hash` stays what it is. */
export function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
