import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkspaceDocument } from '../../../main/workspace/document.ts';
import { openWorkspace, type Workspace } from '../../../main/workspace/workspace.ts';
import { until } from '../../support/until.ts';

const text = `# ours
listeners:
  - { name: web, bind: 127.0.0.1:8080, pool: api }
pools:
  - name: api
    servers:
      - { name: api-1, address: 127.0.0.1:3001 } # one
`;

let folder: string;
let path: string;
const open: Workspace[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-workspace-'));
  path = join(folder, 'ballast.yaml');
  writeFileSync(path, text);
});
afterEach(() => {
  for (const workspace of open.splice(0)) workspace.close();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(file = path): Promise<Workspace> {
  const workspace = await openWorkspace(file, { log: () => {} });
  open.push(workspace);
  return workspace;
}

const heavier = (document: WorkspaceDocument): WorkspaceDocument =>
  document.edit({ kind: 'server.set-weight', pool: 'api', server: 'api-1', weight: 9 });

/** Everything the watcher tells, as it tells it. */
function watched(workspace: Workspace): WorkspaceDocument[] {
  const seen: WorkspaceDocument[] = [];
  workspace.watch((document) => seen.push(document));
  return seen;
}

describe('opening', () => {
  it('reads the file', async () => {
    const workspace = await opened();
    expect(workspace.path).toBe(path);
    expect(workspace.document.text).toBe(text);
    expect(workspace.document.check().ok).toBe(true);
  });

  it('says what to do when there is no file, or a folder', async () => {
    await expect(opened(join(folder, 'other.yaml'))).rejects.toMatchObject({
      code: 'not-found',
      message: `there is no file ${join(folder, 'other.yaml')}; write one, or look at the demo with: ballast demo`,
    });
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'io-failed',
      message: expect.stringContaining('is a folder; name the file in it'),
    });
  });

  it.each<[string, Buffer, string]>([
    [
      'Latin-1',
      Buffer.from('listeners: []\n# caf\xe9 au lait\n', 'latin1'),
      '2:6 this is not UTF-8 text (byte 0xe9); save the file as UTF-8',
    ],
    [
      'a cut-off character',
      Buffer.from([0x61, 0x3a, 0x20, 0xc3]),
      '1:4 this is not UTF-8 text (byte 0xc3); save the file as UTF-8',
    ],
    [
      'UTF-16',
      Buffer.from('\ufeffversion: 1\n', 'utf16le'),
      '1:1 this is UTF-16 text; save the file as UTF-8',
    ],
    ['nothing', Buffer.alloc(0), '1:1 the file is empty; write at least'],
    [
      'a large file',
      Buffer.alloc(5_000_000, 'a: b\n'),
      '1:1 the file has 5000000 bytes, more than 4194304; is it a ballast.yaml?',
    ],
    [
      'a longish file',
      Buffer.alloc(2_000_000, '# b\n'),
      '1:1 the file has more than 1048576 characters; is it a ballast.yaml?',
    ],
  ])('opens %s as a document with that problem', async (_, bytes, expected) => {
    writeFileSync(path, bytes);
    const checked = (await opened()).document.check();
    if (checked.ok) throw new Error('it was accepted');
    const { line, column, message } = checked.problems[0]!;
    expect(`${line}:${column} ${message}`).toContain(expected);
  });
});

describe('saving', () => {
  it('writes the document and leaves nothing else behind', async () => {
    const workspace = await opened();
    await workspace.save(heavier(workspace.document));
    expect(readFileSync(path, 'utf8')).toBe(text.replace('3001 }', '3001, weight: 9 }'));
    expect(workspace.document.text).toContain('weight: 9');
    expect(readdirSync(folder)).toEqual(['ballast.yaml']);
  });

  it('keeps permissions', async () => {
    chmodSync(path, 0o640);
    const workspace = await opened();
    await workspace.save(heavier(workspace.document));
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('follows a link', async () => {
    mkdirSync(join(folder, 'real'));
    renameSync(path, join(folder, 'real', 'config.yaml'));
    symlinkSync(join('real', 'config.yaml'), path);
    const workspace = await opened();
    await workspace.save(heavier(workspace.document));
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'real', 'config.yaml'), 'utf8')).toContain('weight: 9');
  });

  it('refuses to overwrite what somebody else wrote meanwhile', async () => {
    const workspace = await opened();
    writeFileSync(path, `${text}# mine\n`);
    await expect(workspace.save(heavier(workspace.document))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('was changed on disk meanwhile'),
    });
    expect(readFileSync(path, 'utf8')).toBe(`${text}# mine\n`);
    expect(readdirSync(folder)).toEqual(['ballast.yaml']);
  });

  it('names path and reason when it may not write', async () => {
    const workspace = await opened();
    const next = heavier(workspace.document);
    chmodSync(path, 0o444);
    chmodSync(folder, 0o755);
    const isRoot = process.getuid?.() === 0;
    // Permissions do not bind root: for this moment we are nobody.
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(workspace.save(next)).rejects.toMatchObject({
        code: 'io-failed',
        message: `${path} cannot be written: no permission for this user (EACCES); change the permissions of the file and its folder, or copy it to a folder of your own; the change was not saved`,
      });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(workspace.document.text).toBe(text);
  });

  it('never shows a reader half a file', async () => {
    const workspace = await opened();
    const long = `${text}#${'x'.repeat(400_000)}\n`;
    writeFileSync(path, long);
    const again = await opened();
    let isDone = false;
    const reading = (async () => {
      for (; !isDone; await new Promise((resolve) => setImmediate(resolve)))
        expect(readFileSync(path, 'utf8').length).toBeGreaterThanOrEqual(long.length);
    })();
    for (let weight = 1; weight < 15; weight++) {
      await again.save(
        again.document.edit({ kind: 'server.set-weight', pool: 'api', server: 'api-1', weight }),
      );
    }
    isDone = true;
    await reading;
    workspace.close();
  });
});

describe('watching', () => {
  it('tells a change by an editor, once it is still', async () => {
    const workspace = await opened();
    const seen = watched(workspace);
    writeFileSync(path, '');
    writeFileSync(path, text.replace('3001', '3009'));
    await until('the change is told', () => seen.some((document) => document.text.includes('3009')));
    expect(workspace.document.text).toContain('3009');
  });

  it('tells a change by an editor that replaces the file', async () => {
    const workspace = await opened();
    const seen = watched(workspace);
    for (const port of ['3008', '3009']) {
      writeFileSync(`${path}.swp`, text.replace('3001', port));
      renameSync(`${path}.swp`, path);
      await until('the change is told', () => seen.at(-1)?.text.includes(port));
    }
  });

  it('tells a change behind a link', async () => {
    mkdirSync(join(folder, 'real'));
    renameSync(path, join(folder, 'real', 'config.yaml'));
    symlinkSync(join('real', 'config.yaml'), path);
    const seen = watched(await opened());
    writeFileSync(join(folder, 'real', 'config.yaml'), text.replace('3001', '3009'));
    await until('the change is told', () => seen.at(-1)?.text.includes('3009'));
  });

  it('tells what is wrong with the new text, and when the file is gone and back', async () => {
    const seen = watched(await opened());
    writeFileSync(path, text.replace('servers', 'servres'));
    await until('the problem is told', () => {
      const checked = seen.at(-1)?.check();
      return (
        checked?.ok === false &&
        checked.problems.some(({ message }) => message.includes('did you mean "servers"'))
      );
    });
    unlinkSync(path);
    await until('the loss is told', () => {
      const checked = seen.at(-1)?.check();
      return (
        checked?.ok === false &&
        checked.problems[0]?.message === 'ballast.yaml is gone or cannot be read; save it again'
      );
    });
    writeFileSync(path, text);
    await until('its return is told', () => seen.at(-1)?.check().ok);
  });

  it('is silent about own saves and about writing the same again', async () => {
    const workspace = await opened();
    const seen = watched(workspace);
    await workspace.save(heavier(workspace.document));
    writeFileSync(path, workspace.document.text);
    await workspace.save(
      workspace.document.edit({ kind: 'server.set-weight', pool: 'api', server: 'api-1', weight: 4 }),
    );
    // A later change by somebody else is told, and nothing before it was.
    writeFileSync(path, text.replace('3001', '3009'));
    await until('the change is told', () => seen.length > 0);
    expect(seen.map((document) => document.text)).toEqual([text.replace('3001', '3009')]);
  });

  it('ends', async () => {
    const workspace = await opened();
    const seen = watched(workspace);
    const others = watched(workspace);
    const stop = workspace.watch(() => seen.push(workspace.document));
    stop();
    seen.length = 0;
    writeFileSync(path, text.replace('3001', '3009'));
    await until('the change is told', () => others.length === 1);
    expect(seen).toHaveLength(1);
  });
});
