import { useMemo } from 'react';
import { useSystem } from '../../store/system.ts';
import { SettingNotes } from '../../ui/setting-notes.tsx';

/** Settings that can have no effect and belong to no pool: of listeners, replicas and the file as a whole. */
export function FileNotes() {
  const notes = useSystem(({ workspace }) => workspace?.notes);
  const file = useSystem(({ workspace }) => workspace?.path);
  const own = useMemo(() => notes?.filter(({ pool }) => pool === null) ?? [], [notes]);
  return <SettingNotes notes={own} path={file} />;
}
