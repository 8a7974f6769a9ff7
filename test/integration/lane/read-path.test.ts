import { expect, it } from 'vitest';
import { probeReadPath } from '../../../main/engine/listener/accept.ts';

it('the Node at hand lets accepted sockets be read into buffers of ours', async () => {
  // When this fails, listeners still work, 15 % dearer: then `listener/accept.ts` needs a new way.
  expect(await probeReadPath()).toBe('handle');
});
