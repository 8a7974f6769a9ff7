import { describe, expect, it } from 'vitest';
import { highlightNginx } from '../../../renderer/src/features/export/highlight-nginx.ts';
import { groupNotes, notesSummary } from '../../../renderer/src/features/export/notes.ts';

const config = `# written by Ballast
upstream api {
  least_conn;
  server 127.0.0.1:3001 weight=3 max_fails=5 fail_timeout=10s;
  keepalive 32;
}
map $http_upgrade $connection_upgrade { default upgrade; '' close; }
server {
  listen 127.0.0.1:8080;
  location = /a#b { return 200 "a; b # c {\\"x\\"}"; }
  location / {
    proxy_set_header Host $host;
    proxy_pass http://\${pool}api; # trailing
  }
}
`;
const joined = (text: string) =>
  highlightNginx(text)
    .map((line) => line.map((token) => token.text).join(''))
    .join('\n');
const kinds = (text: string) =>
  highlightNginx(text)
    .flat()
    .filter((token) => token.text.trim() !== '')
    .map((token) => `${token.kind}:${token.text}`);

describe('colouring of nginx configuration', () => {
  it('changes nothing of the text, whatever it is', () => {
    for (const text of [
      config,
      '',
      '\n\n',
      'a',
      '"unclosed',
      "it's \\",
      '}{;;',
      '${',
      'x ${y',
      'ü € 😀 "\n" x',
    ])
      expect(joined(text)).toBe(text);
  });

  it('tells blocks, directives, numbers, variables, strings and comments apart', () => {
    expect(kinds('upstream api { server 127.0.0.1:3001 weight=3; }')).toEqual([
      'block:upstream',
      'plain:api',
      'mark:{',
      'directive:server',
      'plain:127.0.0.1:3001',
      'plain:weight=',
      'number:3',
      'mark:;',
      'mark:}',
    ]);
    expect(kinds('proxy_set_header Host $host; # why')).toEqual([
      'directive:proxy_set_header',
      'plain:Host',
      'variable:$host',
      'mark:;',
      'comment:# why',
    ]);
    expect(kinds('proxy_read_timeout 30s;')).toContain('number:30s');
    expect(kinds(`return 200 "a; b # c";`)).toEqual([
      'directive:return',
      'number:200',
      'string:"a; b # c"',
      'mark:;',
    ]);
  });

  it('takes # and braces within a word for what they are there', () => {
    expect(kinds(`proxy_pass http://\${pool}api;`)).toEqual([
      'directive:proxy_pass',
      'plain:http://',
      `variable:\${pool}`,
      'plain:api',
      'mark:;',
    ]);
    expect(kinds('location = /a#b { }')).toContain('plain:/a#b');
  });

  it('has a line of tokens for each line of the text', () => {
    expect(highlightNginx(config)).toHaveLength(config.split('\n').length);
  });
});

describe('notes of an export', () => {
  const notes = [
    { level: 'info', message: 'one' },
    { level: 'lost', message: 'two' },
    { level: 'differs', message: 'three' },
    { level: 'lost', message: 'four' },
  ] as const;

  it('come in groups, what is lost first', () => {
    expect(groupNotes(notes).map(({ level, messages }) => [level, messages])).toEqual([
      ['lost', ['two', 'four']],
      ['differs', ['three']],
      ['info', ['one']],
    ]);
    expect(groupNotes([])).toEqual([]);
  });

  it('are summed up in a few words', () => {
    expect(notesSummary(notes)).toBe('2 lost, 1 differs');
    expect(notesSummary([notes[0]])).toBe('Everything carries over');
  });
});
