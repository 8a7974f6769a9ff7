import { expect, it } from 'vitest';
import { createVirtualClient } from '../../../main/drill/virtual-client.ts';

it('sends the cookies it was given, and forgets those that end', () => {
  const client = createVirtualClient();
  expect(client.cookies()).toBeUndefined();
  client.remember(['a=1; Path=/; HttpOnly', 'b=x=y; Max-Age=60']);
  expect(client.cookies()).toBe('a=1; b=x=y');
  client.remember(['a=2', 'b=; Max-Age=0', 'nonsense', '=x']);
  expect(client.cookies()).toBe('a=2');
  client.remember(undefined);
  expect(client.cookies()).toBe('a=2');
});

it('holds a bounded number of cookies', () => {
  const client = createVirtualClient();
  client.remember(Array.from({ length: 100 }, (_, index) => `c${index}=1`));
  expect(client.cookies()?.split('; ')).toHaveLength(20);
});
