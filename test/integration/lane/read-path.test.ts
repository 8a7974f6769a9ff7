import { expect, it } from 'vitest';
import { probeReadPath } from '../../../main/engine/sockets/accept.ts';

it('the Node at hand lets sockets be used by their handles', async () => {
  // When this fails, listeners still work, dearer: then `http1/stream-handles.ts` needs a new way.
  expect(await probeReadPath()).toBe('handle');
});
