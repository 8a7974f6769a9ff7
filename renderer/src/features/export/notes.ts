import type { CommandResult } from '@shared/contract/commands.ts';

export type ExportNote = CommandResult<'export.render'>['notes'][number];
export type NoteLevel = ExportNote['level'];

export interface NoteGroup {
  readonly level: NoteLevel;
  readonly title: string;
  /** What a note of this level means for the person. */
  readonly explain: string;
  readonly messages: readonly string[];
}

const groups: readonly Omit<NoteGroup, 'messages'>[] = [
  { level: 'lost', title: 'Lost', explain: 'nginx cannot express this: it will behave differently.' },
  { level: 'differs', title: 'Differs', explain: 'Written as the nearest thing nginx has.' },
  { level: 'info', title: 'Good to know', explain: 'Carried over; worth a look.' },
];

/** Notes by level, the worst first; levels without notes are left out. */
export function groupNotes(notes: readonly ExportNote[]): NoteGroup[] {
  return groups
    .map((group) => ({
      ...group,
      messages: notes.filter(({ level }) => level === group.level).map(({ message }) => message),
    }))
    .filter(({ messages }) => messages.length > 0);
}

/** `2 lost, 1 differs`; what an export loses is said beside its name. */
export function notesSummary(notes: readonly ExportNote[]): string {
  const count = (wanted: NoteLevel) => notes.filter(({ level }) => level === wanted).length;
  const [lost, differs] = [count('lost'), count('differs')];
  if (lost === 0 && differs === 0) return 'Everything carries over';
  return [lost > 0 && `${lost} lost`, differs > 0 && `${differs} ${differs === 1 ? 'differs' : 'differ'}`]
    .filter(Boolean)
    .join(', ');
}
