import { describe, expect, it } from 'vitest';
import { ConnectionList, type Listed } from '../../../main/engine/sockets/connection-list.ts';

class Member implements Listed {
  place = -1;
}

function filled(count: number): { list: ConnectionList<Member>; members: Member[] } {
  const list = new ConnectionList<Member>();
  const members = Array.from({ length: count }, () => new Member());
  for (const member of members) list.add(member);
  return { list, members };
}

describe('a list of connections', () => {
  it('holds those that were added and not deleted, whichever is deleted', () => {
    for (const gone of [0, 1, 4]) {
      const { list, members } = filled(5);
      list.delete(members[gone]!);
      expect(list.size).toBe(4);
      expect(new Set(list)).toEqual(new Set(members.filter((_, index) => index !== gone)));
      for (const member of members) list.delete(member);
      expect(list.list()).toEqual([]);
    }
  });

  it('does nothing where one is deleted again, and takes it once more', () => {
    const { list, members } = filled(3);
    list.delete(members[1]!);
    list.delete(members[1]!);
    expect(list.size).toBe(2);
    list.add(members[1]!);
    expect(list.list()).toHaveLength(3);
  });

  it('lets those who go through a copy of it delete as they go', () => {
    const { list } = filled(100);
    for (const member of list.list()) list.delete(member);
    expect(list.size).toBe(0);
  });
});
