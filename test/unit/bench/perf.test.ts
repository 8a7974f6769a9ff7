import { describe, expect, it } from 'vitest';
import { kindOf, parseCalls, parseReport, sharesOf } from '../../../bench/lib/perf.mjs';
import { short } from '../../../bench/lib/profile-report.mjs';

const report = `# To display the perf.data header info, please use --header
# Overhead|Shared Object       |Symbol
 40.00%  |[kernel.kallsyms]   |[k] tcp_sendmsg_locked
 20.00%  |perf-4711.map       |[.] JS:*choose file:///srv/out/main/engine.js:10:3
 10.00%  |node                |[.] Builtins_MapPrototypeGet
  8.00%  |node                |[.] v8::internal::Scavenger::ScavengePage
 12.50%  |node                |[.] node::StreamBase::WriteString<(node::encoding)4>
  9.50%  |libc.so.6           |[.] __memmove_avx512_unaligned_erms

`;

describe('what perf reports', () => {
  it('is read line by line, comments and empty lines left out', () => {
    const symbols = parseReport(report);
    expect(symbols).toHaveLength(6);
    expect(symbols[0]).toEqual({ share: 0.4, where: '[kernel.kallsyms]', symbol: 'tcp_sendmsg_locked' });
  });

  it('adds up to shares of kernel, JavaScript with its builtins, garbage, own code and libraries', () => {
    const shares = sharesOf(parseReport(report));
    expect(shares.kernel).toBeCloseTo(0.4);
    expect(shares.javascript).toBeCloseTo(0.3);
    expect(shares.collection).toBeCloseTo(0.08);
    expect(shares.native).toBeCloseTo(0.125);
    expect(shares.library).toBeCloseTo(0.095);
  });

  it('counts code without a name in memory of its own as JavaScript', () => {
    expect(kindOf({ share: 1, where: '[JIT] tid 12', symbol: '0x00007f16' })).toBe('javascript');
  });

  it('shortens names to what is read', () => {
    expect(short('JS:*choose file:///srv/out/main/engine.js:10:3')).toBe('choose');
    expect(short('node::StreamBase::WriteString<(node::encoding)4>(v8::Local)')).toBe(
      'node::StreamBase::WriteString',
    );
  });
});

describe('what perf counts', () => {
  it('is grouped by what a call does; what has no name of its own is the difference to all', () => {
    const { all, calls } = parseCalls(
      [
        '1000;;raw_syscalls:sys_enter;1;100.00;;',
        '300;;syscalls:sys_enter_read;1;100.00;;',
        '100;;syscalls:sys_enter_recvfrom;1;100.00;;',
        '450;;syscalls:sys_enter_writev;1;100.00;;',
        '50;;syscalls:sys_enter_epoll_pwait;1;100.00;;',
        '0;;syscalls:sys_enter_close;1;100.00;;',
        '<not supported>;;syscalls:sys_enter_splice;0;100.00;;',
      ].join('\n'),
    );
    expect(all).toBe(1_000);
    expect([...calls]).toEqual([
      ['write', 450],
      ['read', 400],
      ['others', 100],
      ['wait', 50],
    ]);
  });
});
