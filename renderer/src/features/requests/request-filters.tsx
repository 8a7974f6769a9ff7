import { useMemo } from 'react';
import { selectAllServerIds, useConfig } from '../../store/config.ts';
import type { RequestFilter } from '../../store/interface.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { Segmented } from '../../ui/segmented.tsx';

interface FiltersProps {
  filter: RequestFilter;
  onChange: (filter: RequestFilter) => void;
}

const all = '';

export function RequestFilters({ filter, onChange }: FiltersProps) {
  const pools = useConfig(({ poolNames }) => poolNames);
  const serverIds = useConfig(selectAllServerIds);
  const { pool, server, session } = filter;
  const servers = useMemo(
    () => serverIds.filter((id) => pool === undefined || id.startsWith(`${pool}/`)),
    [serverIds, pool],
  );
  const change = (changes: RequestFilter) => onChange({ ...filter, ...changes });
  // Named requests are a list of their own: no other filter makes sense with it.
  if (filter.ids !== undefined) {
    return (
      <Button
        icon="cross"
        tooltip="Show all requests again"
        onPress={() => onChange({})}
        className="named-filter"
      >
        {filter.title ?? `${filter.ids.length} requests`}
      </Button>
    );
  }
  return (
    <>
      {session !== undefined && (
        <Button
          icon="cross"
          tooltip="Show requests of others too"
          onPress={() => change({ session: undefined })}
          className="named-filter"
        >
          {`session ${session.id} of ${session.pool}`}
        </Button>
      )}
      <SearchBox
        label="Search requests"
        placeholder="Path, status, client, id…"
        value={filter.text ?? ''}
        onChange={(text) => change({ text: text === '' ? undefined : text })}
      />
      <Segmented
        label="Which requests"
        value={filter.only ?? 'all'}
        onChange={(only) => change({ only: only === 'all' ? undefined : only })}
        options={[
          { id: 'all', label: 'All' },
          { id: 'failed', label: 'Failed' },
          { id: 'retried', label: 'Retried' },
        ]}
      />
      {(pools.length > 1 || pool !== undefined) && (
        <Choice
          label="Pool"
          value={pool ?? all}
          options={[{ id: all, label: 'all' }, ...pools.map((name) => ({ id: name, label: name }))]}
          onChange={(name) => change({ pool: name || undefined, server: undefined, session: undefined })}
        />
      )}
      <Choice
        label="Server"
        value={server ?? all}
        options={[
          { id: all, label: 'all' },
          ...servers.map((id) => ({
            id,
            label: pool === undefined && pools.length > 1 ? id : id.slice(id.indexOf('/') + 1),
          })),
        ]}
        onChange={(id) => change({ server: id || undefined })}
      />
      {(pool ?? server ?? session ?? filter.only ?? filter.text) !== undefined && (
        <Button tone="ghost" onPress={() => onChange({})}>
          Clear
        </Button>
      )}
    </>
  );
}
