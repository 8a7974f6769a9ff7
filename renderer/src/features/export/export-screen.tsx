import './export.css';
import { useMemo, useState } from 'react';
import { plural } from '../../metrics/format.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Icon } from '../../ui/icon.tsx';
import { highlightNginx } from './highlight-nginx.ts';
import { groupNotes, type NoteLevel, notesSummary } from './notes.ts';
import { copyText, saveText } from './save-text.ts';
import { nginxVersions, rememberedVersion, rememberVersion } from './target-version.ts';
import { type Rendered, useExport } from './use-export.ts';

/** The running configuration as a production proxy would be told it, and what that proxy cannot be told. */
export function ExportScreen() {
  const [version, setVersion] = useState(rememberedVersion);
  const { rendered, problem } = useExport(version);
  const choose = (next: string) => {
    rememberVersion(next);
    setVersion(next);
  };
  return (
    <div className="list-screen export">
      <div className="list-bar">
        <h2 className="export-title">nginx</h2>
        <Choice label="Version" value={version} options={nginxVersions} onChange={choose} width={300} />
        {rendered && <span className="told">{notesSummary(rendered.notes)}</span>}
        <span className="space" />
        {rendered && (
          <>
            <span className="told">
              <code>{rendered.fileName}</code> · {plural(rendered.text.trimEnd().split('\n').length, 'line')}
            </span>
            <Button icon="copy" onPress={() => void copyText(rendered.text)}>
              Copy
            </Button>
            <Button
              tone="primary"
              icon="save"
              onPress={() => void saveText(rendered.fileName, rendered.text)}
            >
              Save
            </Button>
          </>
        )}
      </div>
      {problem !== undefined && (
        <p className="export-problem" role="alert">
          <Icon name="alert" size={14} /> {problem}
        </p>
      )}
      {rendered ? (
        <div className="export-body">
          <Code text={rendered.text} />
          <Notes notes={rendered.notes} />
        </div>
      ) : (
        problem !== undefined && (
          <EmptyState icon="export" title="There is nothing to show">
            <p>Ballast could not write this configuration for nginx; the reason stands above.</p>
          </EmptyState>
        )
      )}
    </div>
  );
}

function Code({ text }: { text: string }) {
  const lines = useMemo(() => highlightNginx(text.replace(/\n$/, '')), [text]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keyboard as well
    <section className="export-code" tabIndex={0} aria-label="nginx configuration">
      <pre>
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
          <code key={index} className="export-line">
            {line.map((token, at) =>
              token.kind === 'plain' ? (
                token.text
              ) : (
                // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place
                <span key={at} className={`token-${token.kind}`}>
                  {token.text}
                </span>
              ),
            )}
            {'\n'}
          </code>
        ))}
      </pre>
    </section>
  );
}

const noteIcon = { lost: 'alert', differs: 'info', info: 'check' } as const satisfies Record<
  NoteLevel,
  string
>;

function Notes({ notes }: { notes: Rendered['notes'] }) {
  const groups = groupNotes(notes);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keyboard as well
    <aside className="export-notes" aria-label="What does not carry over" tabIndex={0}>
      {groups.length === 0 && (
        <section className="note-group info">
          <h3>
            <Icon name="check" size={14} /> Nothing is lost
          </h3>
          <p>nginx can express everything in this configuration.</p>
        </section>
      )}
      {groups.map(({ level, title, explain, messages }) => (
        <section key={level} className={`note-group ${level}`}>
          <h3>
            <Icon name={noteIcon[level]} size={14} /> {title}
            <small>{messages.length}</small>
          </h3>
          <p>{explain}</p>
          <ul>
            {messages.map((message) => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        </section>
      ))}
    </aside>
  );
}
