import { isInService } from '@shared/contract/ejection-stage.ts';
import type { ReplicaStatus, ServerStatus } from '@shared/contract/server-values.ts';
import { describe, expect, test } from 'vitest';
import { matches } from '../../../renderer/src/app/key-match.ts';
import { findActions, type PaletteAction } from '../../../renderer/src/app/palette-action.ts';
import { takeToken } from '../../../renderer/src/connection/token.ts';
import { dropIndex } from '../../../renderer/src/features/pools/drop-index.ts';
import { checkName, freeName } from '../../../renderer/src/features/pools/pool-name.ts';
import { tellReasons } from '../../../renderer/src/features/pools/tell-reasons.ts';
import { checkAddress } from '../../../renderer/src/features/servers/check-address.ts';
import { processLine, shortCommand } from '../../../renderer/src/features/servers/server-label.ts';
import { layStrands, strandPath, strandWidth } from '../../../renderer/src/features/strands/strand-path.ts';
import { serverColour } from '../../../renderer/src/store/colours.ts';
import { serverCondition } from '../../../renderer/src/store/server-condition.ts';
import { configOf } from '../../support/config-of.ts';
import { serverStatus as status } from '../../support/server-status.ts';

const replica = (more: Partial<ReplicaStatus> = {}): ReplicaStatus => ({
  id: 'api-1',
  group: 'api',
  address: '127.0.0.1:3001',
  command: 'node server.js',
  state: 'running',
  pid: 7,
  startedAtMs: 0,
  exit: null,
  ...more,
});
const killed = replica({
  state: 'exited',
  pid: null,
  exit: { atMs: 0, code: null, signal: 'SIGKILL', asked: true, output: '' },
});

describe('how a server stands', () => {
  const word = (of: ServerStatus | undefined, process?: ReplicaStatus) => serverCondition(of, process).word;

  test('the end of its process is the cause, failed probes its consequence', () => {
    const dead = status({ verdict: 'unhealthy', available: false, reason: 'unhealthy' });
    expect(word(dead, killed)).toBe('Exited');
    expect(serverCondition(dead, killed).reason).toMatch(/SIGKILL.*Start it again/);
    expect(word(dead, replica())).toBe('Unhealthy');
    const failed = replica({ state: 'failed', pid: null, problem: 'there is no program "sevrer"' });
    expect(serverCondition(dead, failed)).toMatchObject({
      word: 'Failed',
      reason: 'Its process did not start: there is no program "sevrer".',
    });
  });

  test('what the operator wants comes before what probes say', () => {
    const unhealthy = { verdict: 'unhealthy', available: false } as const;
    expect(word(status({ ...unhealthy, adminState: 'maintenance', reason: 'maintenance' }))).toBe(
      'Maintenance',
    );
    expect(word(status({ ...unhealthy, adminState: 'drain', reason: 'drain' }))).toBe('Draining');
  });

  test('one that drains and fails says both: its sessions do not stay', () => {
    const reason = (more: Partial<ServerStatus>) =>
      serverCondition(
        status({ adminState: 'drain', available: false, reason: 'drain', ...more }),
        replica(),
        undefined,
        0,
      ).reason;
    const failed = { atMs: 0, succeeded: false, durationMs: 1, detail: '503, expected 2xx' };
    expect(reason({})).toMatch(/bound sessions and running requests finish here/);
    expect(reason({ verdict: 'unhealthy', lastProbe: failed })).toBe(
      'Unhealthy (503, expected 2xx), while it drains: no new clients, and those bound to it are not served here either. Running requests finish.',
    );
    expect(reason({ verdict: 'unhealthy', lastProbe: failed, drainUntilMs: 8_001 })).toMatch(
      /^Unhealthy .* What still runs is ended in 9 s\.$/,
    );
    expect(reason({ ejectedUntilMs: 9_000, ejectedBecause: '5 attempts in a row failed' })).toMatch(
      /^Ejected, 5 attempts in a row failed, while it drains/,
    );
  });

  test('one that drains in panic says that its sessions are served all the same', () => {
    const condition = (more: Partial<ServerStatus>) =>
      serverCondition(
        status({ adminState: 'drain', available: false, reason: 'drain', inPanic: true, ...more }),
        replica(),
        undefined,
        0,
      );
    const failed = { atMs: 0, succeeded: false, durationMs: 1, detail: '503, expected 2xx' };
    expect(condition({ verdict: 'unhealthy', lastProbe: failed })).toMatchObject({
      word: 'Draining',
      also: 'in panic',
      reason:
        'Unhealthy (503, expected 2xx), while it drains: no new clients. Those bound to it are served here all the same: its pool is in panic. Running requests finish.',
    });
    expect(
      condition({ ejectedUntilMs: 9_000, ejectedBecause: '5 attempts in a row failed', drainUntilMs: 8_001 })
        .reason,
    ).toBe(
      'Ejected, 5 attempts in a row failed, while it drains: no new clients. Those bound to it are served here all the same: its pool is in panic. What still runs is ended in 9 s.',
    );
  });

  test('where one word has to do, the other that matters stands below it', () => {
    const words = (more: Partial<ServerStatus>) => {
      const { word: first, also } = serverCondition(status(more), replica(), undefined, 0);
      return [first, also];
    };
    const drain = { adminState: 'drain', available: false, reason: 'drain' } as const;
    expect(words(drain)).toEqual(['Draining', '']);
    expect(words({ ...drain, verdict: 'unhealthy' })).toEqual(['Draining', 'unhealthy']);
    expect(words({ ...drain, ejectedUntilMs: 9_000 })).toEqual(['Draining', 'ejected']);
    expect(words({ verdict: 'unhealthy', available: false, reason: 'unhealthy' })).toEqual(['Unhealthy', '']);
    expect(words({ verdict: 'unhealthy', inPanic: true })).toEqual(['Unhealthy', 'in panic']);
    expect(words({ ejectedUntilMs: 9_000, inPanic: true })).toEqual(['Ejected', 'in panic']);
    expect(words({})).toEqual(['Healthy', '']);
  });

  test('an unhealthy one whose last probe went well does not say that it failed', () => {
    const rising = status({ verdict: 'unhealthy', available: false, reason: 'unhealthy' });
    const { healthCheck } = configOf({
      listeners: [{ name: 'web', bind: '127.0.0.1:0', pool: 'api' }],
      pools: [
        {
          name: 'api',
          healthCheck: { type: 'http', path: '/health', rise: 3 },
          servers: [{ address: '127.0.0.1:1' }],
        },
      ],
    }).pools[0]!;
    expect(serverCondition(rising, replica(), healthCheck)).toMatchObject({
      word: 'Unhealthy',
      reason: 'Its last probe succeeded (200); 3 in a row make it healthy again.',
    });
  });

  test('one that fails its requests is not called healthy because its probes pass', () => {
    const spared = status({ notEjected: '5 attempts in a row failed, but it is the last one' });
    expect(serverCondition(spared, replica())).toMatchObject({
      word: 'Failing',
      tone: 'warn',
      reason: 'It is not ejected: 5 attempts in a row failed, but it is the last one.',
    });
  });

  test('an ejected one says until when, and then that it awaits its trial', () => {
    const ejected = status({ available: false, reason: 'ejected', ejectedUntilMs: 12_000 });
    expect(serverCondition(ejected, undefined, undefined, 4_500)).toMatchObject({
      word: 'Ejected',
      reason: expect.stringMatching(/^No requests for 8 s, until \d\d:\d\d:12: /),
    });
    const over = { ...ejected, available: true, reason: null, verdict: 'unknown' as const, lastProbe: null };
    expect(serverCondition(over, undefined, { type: 'none' }, 12_001)).toMatchObject({
      word: 'Ejected',
      tone: 'warn',
      reason: expect.stringMatching(/^Awaiting a trial request/),
    });
    expect(serverCondition(ejected, undefined, undefined, 12_001).word).toBe('On trial');
    expect(serverCondition({ ...over, inPanic: true }, undefined, undefined, 4_500).reason).toMatch(/panic/);
    expect(isInService(over, 12_001)).toBe(false);
    expect(isInService(status(), 12_001)).toBe(true);
    expect(isInService(status({ inPanic: true }), 12_001)).toBe(false);
  });

  test.each([
    ['Full', { available: false, reason: 'full' as const }],
    ['Weight 0', { available: false, reason: 'weight-zero' as const }],
    ['Standby', { available: false, reason: 'backup' as const }],
    ['Failing', { lastProbe: { atMs: 0, succeeded: false, durationMs: 1, detail: 'refused' } }],
    ['Checking', { verdict: 'unknown' as const, lastProbe: null }],
    ['Healthy', {}],
  ])('%s', (expected, more) => {
    expect(word(status(more))).toBe(expected);
  });

  test('without a health check it is not called healthy', () => {
    const unprobed = status({ verdict: 'unknown', lastProbe: null });
    expect(serverCondition(unprobed, undefined, { type: 'none' }).word).toBe('Unchecked');
    const spared = { ...unprobed, notEjected: '5 attempts in a row failed, but it is the last' };
    expect(serverCondition(spared, undefined, { type: 'none' }).word).toBe('Failing');
  });
});

describe('the line about its process', () => {
  test('a command loses the folders of its words, not its options', () => {
    expect(shortCommand('"/usr/bin/node" "/srv/my app/server.js" --port=3 -v')).toBe(
      'node server.js --port=3 -v',
    );
    expect(shortCommand('C:\\tools\\node.exe server.js')).toBe('node.exe server.js');
  });

  test('says how it ended, or that Ballast does not know it', () => {
    expect(processLine(replica())).toBe('node server.js · pid 7');
    expect(processLine(killed)).toBe('ended by SIGKILL');
    expect(processLine(undefined)).toBe('not started by Ballast');
  });
});

describe('dropping a server', () => {
  const members = ['a', 'b', 'c'];

  test('from another pool, before or after the one it is dropped at', () => {
    expect(dropIndex(members, 'x', { key: 'b', position: 'before' })).toBe(1);
    expect(dropIndex(members, 'x', { key: 'c', position: 'after' })).toBe(3);
  });

  test('within its pool its own place does not count', () => {
    expect(dropIndex(members, 'a', { key: 'b', position: 'after' })).toBe(1);
    expect(dropIndex(members, 'c', { key: 'a', position: 'before' })).toBe(0);
    expect(dropIndex(members, 'a', { key: 'c', position: 'after' })).toBe(2);
  });

  test('beside itself it stays', () => {
    expect(dropIndex(members, 'b', { key: 'b', position: 'after' })).toBe(1);
  });
});

describe('an address while it is typed', () => {
  const members = [{ name: 'api-1', address: '127.0.0.1:3001' }];

  test.each(['', '1', '127.0', 'localhost', '[::1]'])(
    '"%s" may still become one: nothing is called wrong',
    (text) => {
      expect(checkAddress(text, members).tone).toBe('plain');
    },
  );

  test.each(['no address!', '127.0.0.1:99999', '127.0.0.1:0', 'http://127.0.0.1:3001', '300.0.0.1:80'])(
    '"%s" is none, and what to write is said',
    (text) => {
      const { text: address, tone, note } = checkAddress(text, members);
      expect({ address, tone }).toEqual({ address: undefined, tone: 'bad' });
      expect(note).toMatch(/write host:port, e\.g\. 127\.0\.0\.1:3001/);
    },
  );

  test('a port alone means this machine', () => {
    expect(checkAddress('3005', members).text).toBe('127.0.0.1:3005');
    expect(checkAddress(':3005', members).text).toBe('127.0.0.1:3005');
  });

  test('one that the pool has already is refused by name', () => {
    expect(checkAddress(' 127.0.0.1:3001 ', members)).toMatchObject({
      text: undefined,
      note: 'api-1 has this address; give it more weight instead',
    });
  });

  test('another machine is allowed, and said', () => {
    expect(checkAddress('10.0.0.8:80', members)).toMatchObject({ text: '10.0.0.8:80', tone: 'plain' });
    expect(checkAddress('[::1]:3009', members).text).toBe('[::1]:3009');
  });
});

test('a new pool gets a name that is free', () => {
  expect(freeName(['api', 'pool-3'])).toBe('pool-4');
  expect(checkName('canary', ['api'])).toBeUndefined();
  expect(checkName('api', ['api'])).toMatch(/another name/);
  expect(checkName('-x', [])).toMatch(/write e\.g\./);
});

describe('strands', () => {
  test('grow with the rate; none flows through a thread', () => {
    expect(strandWidth(0)).toBeLessThan(strandWidth(1));
    expect(strandWidth(20)).toBeLessThan(strandWidth(2_000));
    expect(strandWidth(1e9)).toBeLessThan(14);
  });

  test('leave side by side, centred, in order', () => {
    const laid = layStrands([
      { key: 'a', rate: 100 },
      { key: 'b', rate: 100 },
      { key: 'c', rate: 100 },
    ]);
    expect(laid.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(laid[1]!.offset).toBeCloseTo(0);
    expect(laid[0]!.offset).toBeCloseTo(-laid[2]!.offset);
    expect(laid[1]!.offset - laid[0]!.offset).toBeCloseTo(laid[0]!.width);
  });

  test('many still fit their listener', () => {
    const laid = layStrands(Array.from({ length: 30 }, (_, index) => ({ key: String(index), rate: 5_000 })));
    expect(laid.at(-1)!.offset - laid[0]!.offset).toBeLessThanOrEqual(40);
  });

  test('a path begins and ends where it should', () => {
    expect(strandPath(10, 20, 100, 80)).toMatch(/^M10\.0 20\.0C.* 100\.0 80\.0$/);
  });
});

test('a colour belongs to the address, so that it moves along', () => {
  const first = serverColour('127.0.0.1:1');
  const second = serverColour('127.0.0.1:2');
  expect(second).not.toBe(first);
  expect(serverColour('127.0.0.1:1')).toBe(first);
});

describe('the command palette', () => {
  const action = (title: string, more: Partial<PaletteAction> = {}): PaletteAction => ({
    id: title,
    section: 'Servers',
    title,
    icon: 'search',
    run: () => {},
    ...more,
  });
  const actions = [
    action('Drain api-1', { detail: 'api', isOffered: false }),
    action('Drain web-1', { detail: 'web', isOffered: false }),
    action('Inspect api-1', { detail: 'api · 127.0.0.1:3001' }),
  ];
  const titles = (input: string) => findActions(actions, input).map(({ title }) => title);

  test('finds every word anywhere, in any order and case', () => {
    expect(titles('API drain')).toEqual(['Drain api-1']);
    expect(titles('3001')).toEqual(['Inspect api-1']);
    expect(titles('drain')).toEqual(['Drain api-1', 'Drain web-1']);
    expect(titles('nothing')).toEqual([]);
  });

  test('before anything is typed it offers only what is meant for that', () => {
    expect(titles('  ')).toEqual(['Inspect api-1']);
  });
});

describe('shortcuts', () => {
  const key = (name: string, more: Partial<KeyboardEvent> = {}) => ({
    key: name,
    metaKey: false,
    ctrlKey: false,
    shiftKey: false,
    altKey: false,
    ...more,
  });

  test('undo and redo differ by Shift', () => {
    expect(matches(key('z', { ctrlKey: true }), 'Mod+Z')).toBe(true);
    expect(matches(key('z', { metaKey: true }), 'Mod+Z')).toBe(true);
    expect(matches(key('Z', { ctrlKey: true, shiftKey: true }), 'Mod+Z')).toBe(false);
    expect(matches(key('Z', { ctrlKey: true, shiftKey: true }), 'Mod+Shift+Z')).toBe(true);
  });

  test('a plain letter does not answer to a combination', () => {
    expect(matches(key('a'), 'A')).toBe(true);
    expect(matches(key('a', { ctrlKey: true }), 'A')).toBe(false);
    expect(matches(key('a', { altKey: true }), 'A')).toBe(false);
  });

  test('a sign may need Shift on some keyboards', () => {
    expect(matches(key('?', { shiftKey: true }), '?')).toBe(true);
    expect(matches(key('?'), '?')).toBe(true);
  });
});

describe('the token in the address', () => {
  function browser(hash: string, stored?: string) {
    const storage = new Map<string, string>(stored === undefined ? [] : [['ballast-token', stored]]);
    const shown: string[] = [];
    return {
      shown,
      storage,
      take: () =>
        takeToken(
          { hash, pathname: '/', search: '' },
          { replaceState: (_data, _unused, url) => void shown.push(String(url)) },
          {
            getItem: (name) => storage.get(name) ?? null,
            setItem: (name, value) => void storage.set(name, value),
          },
        ),
    };
  }

  test('leaves the address at once and stays for a reload', () => {
    const first = browser('#token=a%2Fb');
    expect(first.take()).toBe('a/b');
    expect(first.shown).toEqual(['/']);
    expect(browser('#/requests', first.storage.get('ballast-token')).take()).toBe('a/b');
  });

  test('a new one replaces that of an earlier run', () => {
    const page = browser('#token=new', 'old');
    expect(page.take()).toBe('new');
    expect(page.storage.get('ballast-token')).toBe('new');
  });

  test('without any there is none', () => {
    expect(browser('').take()).toBeUndefined();
  });
});

describe('when no server of a pool takes requests', () => {
  test('a few are named, many are counted by reason', () => {
    const server = (name: string, reason: 'unhealthy' | 'drain') => ({ name, reason });
    expect(tellReasons([server('a', 'unhealthy'), server('b', 'drain')])).toBe(
      'a is unhealthy, b is draining',
    );
    const many = Array.from({ length: 6 }, (_, index) => server(`s${index}`, 'unhealthy'));
    expect(tellReasons(many)).toBe('each of its 6 servers is unhealthy');
    expect(tellReasons([...many, server('x', 'drain')])).toBe(
      'of its 7 servers 6 are unhealthy, 1 is draining',
    );
  });
});
