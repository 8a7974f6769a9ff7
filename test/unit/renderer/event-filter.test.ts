import { eventKinds } from '@shared/contract/event-values.ts';
import { expect, it } from 'vitest';
import { eventGroups } from '../../../renderer/src/features/timeline/event-filter.ts';

it('every kind of event is in one group, so that no filter hides it for good', () => {
  const grouped = Object.values(eventGroups).flatMap(({ kinds }) => kinds);
  expect([...grouped].sort()).toEqual([...eventKinds].sort());
});
