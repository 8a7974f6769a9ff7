import { useMemo } from 'react';
import { useSystem } from '../../store/system.ts';
import { SettingNotes } from '../../ui/setting-notes.tsx';

/** Settings of a pool that can have no effect. */
export function PoolNotes({ name }: { name: string }) {
  const notes = useSystem(({ workspace }) => workspace?.notes);
  const file = useSystem(({ workspace }) => workspace?.path);
  const own = useMemo(() => notes?.filter(({ pool }) => pool === name) ?? [], [notes, name]);
  return <SettingNotes notes={own} path={file} />;
}
