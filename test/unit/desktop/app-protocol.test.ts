import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { contentSecurityPolicy } from '../../../main/control/content-security-policy.ts';
import { createAppHandler } from '../../../main/desktop/app-protocol.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-app-'));
const inside = join(folder, 'renderer');
mkdirSync(join(inside, 'assets'), { recursive: true });
writeFileSync(join(inside, 'index.html'), '<!doctype html>');
writeFileSync(join(inside, 'assets', 'main-1.js'), 'export {};');
writeFileSync(join(inside, 'notes.secret'), 'of an unknown kind');
writeFileSync(join(folder, 'outside.html'), 'outside');
mkdirSync(join(folder, 'renderer-other'));
writeFileSync(join(folder, 'renderer-other', 'index.html'), 'a neighbour');
afterAll(() => rmSync(folder, { recursive: true }));

const handle = createAppHandler(inside);
const get = (url: string) => handle({ url, method: 'GET' });

describe('app://', () => {
  it('serves the interface with its types under the policy that HTTP has', async () => {
    const page = await get('app://ballast/');
    expect(page.status).toBe(200);
    expect(await page.text()).toBe('<!doctype html>');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const script = await get('app://ballast/assets/main-1.js?v=1#x');
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it.each([
    'app://ballast/../outside.html',
    'app://ballast/%2e%2e/outside.html',
    'app://ballast/%2e%2e%2foutside.html',
    'app://ballast/assets/..%2f..%2foutside.html',
    'app://ballast/..%5coutside.html',
    'app://ballast/%2e%2e%2frenderer-other%2findex.html',
    'app://ballast/index.html%00.js',
    'app://ballast/%',
    'app://ballast/assets',
    'app://ballast/missing.html',
    'app://ballast/notes.secret',
    'app://elsewhere/index.html',
    'no url',
  ])('finds nothing at %s', async (url) => {
    const answer = await get(url);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toBe('not found');
  });

  it('only gives', async () => {
    expect((await handle({ url: 'app://ballast/index.html', method: 'POST' })).status).toBe(405);
  });
});
