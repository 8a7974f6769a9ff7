import { eventText, serverLabel, sharedServerNames } from '@shared/lib/event-text.ts';
import { describe, expect, it } from 'vitest';

const shared = sharedServerNames(['shop/api-1', 'shop/api-2', 'side/api-1']);
const event = (server: string | null, text: string) => ({
  server,
  pool: server?.split('/')[0] ?? null,
  text,
});

describe('the pool of a server', () => {
  it('is named in an event where servers of several pools have the name, and nowhere else', () => {
    expect(eventText(event('shop/api-1', 'api-1 is draining'), shared)).toBe('api-1 is draining (pool shop)');
    expect(eventText(event('side/api-1', 'api-1 is draining'), shared)).toBe('api-1 is draining (pool side)');
    expect(eventText(event('shop/api-2', 'api-2 is draining'), shared)).toBe('api-2 is draining');
    expect(eventText(event(null, 'the engine was restarted'), shared)).toBe('the engine was restarted');
  });

  it('is not named twice', () => {
    const text = '12 more attempts failed (shop/api-1) within one second';
    expect(eventText(event('shop/api-1', text), shared)).toBe(text);
  });

  it('stands before its name where that alone would not tell', () => {
    expect(['shop/api-1', 'shop/api-2', 'side/api-1'].map((id) => serverLabel(id, shared))).toEqual([
      'shop/api-1',
      'api-2',
      'side/api-1',
    ]);
  });
});
