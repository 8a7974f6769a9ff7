import { joinCommand, splitCommand } from '@shared/lib/command-line.ts';
import { describe, expect, it } from 'vitest';

describe('splitCommand', () => {
  it.each<[string, string[]]>([
    ['node server.js', ['node', 'server.js']],
    ['  node\t server.js  ', ['node', 'server.js']],
    ['"/opt/my node/bin/node" server.js', ['/opt/my node/bin/node', 'server.js']],
    ['node -e \'console.log("x")\'', ['node', '-e', 'console.log("x")']],
    ['node --title="a b"c', ['node', '--title=a bc']],
    ['say "a \\"b\\" c"', ['say', 'a "b" c']],
    ['say "" \'\' x', ['say', '', '', 'x']],
    ['C:\\Program\\node.exe "C:\\a b\\s.js"', ['C:\\Program\\node.exe', 'C:\\a b\\s.js']],
    ['echo $HOME; rm *', ['echo', '$HOME;', 'rm', '*']],
  ])('reads %s', (command, words) => {
    expect(splitCommand(command)).toEqual(words);
  });

  it.each(['', '   ', 'node "server.js', "node 'x", '"" x'])('refuses %j', (command) => {
    expect(splitCommand(command)).toBeUndefined();
  });

  it.each([
    [['node', 'server.js']],
    [['/a b/node', "it's", '', 'x "y"', 'o\'brien "x"']],
    [['C:\\Program Files\\node.exe', '--x=a b']],
  ])('reads back what joinCommand writes: %j', (words) => {
    expect(splitCommand(joinCommand(words))).toEqual(words);
  });
});
