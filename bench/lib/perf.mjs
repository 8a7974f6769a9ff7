// What `perf` printed, as numbers: where the time of a process went, and which system calls it made. Pure.

/**
 * @typedef {object} Share of all time that the processes spent on a CPU, 0 to 1
 * @property {number} kernel system calls, network stack, interrupts
 * @property {number} javascript compiled functions, V8's builtins and its interpreter
 * @property {number} collection of garbage, on any thread
 * @property {number} native the rest of the program's own code: of Node its C++, of nginx everything
 * @property {number} library libc and what else it is linked with
 *
 * @typedef {{ share: number, where: string, symbol: string }} Symbol
 */

/** Parts of V8 that collect, by the names of their functions. */
const collecting =
  /Scaveng|MarkCompact|Evacuat|Sweep|Marking|GarbageCollect|GCTracer|LocalHeap|NewSpace|YoungGeneration|IndependentHeap/;

/**
 * @param {string} text of `perf report --stdio -F overhead,dso,sym -t '|'`
 * @returns {Symbol[]} the largest first, as perf gives them
 */
export function parseReport(text) {
  return text.split('\n').flatMap((line) => {
    const [overhead = '', where = '', name = ''] = line.split('|').map((cell) => cell.trim());
    const share = Number.parseFloat(overhead) / 100;
    if (line.startsWith('#') || !overhead.endsWith('%') || !Number.isFinite(share)) return [];
    return [{ share, where, symbol: name.replace(/^\[[.k]\] */, '') }];
  });
}

/**
 * @param {readonly Symbol[]} symbols
 * @returns {Share}
 */
export function sharesOf(symbols) {
  const shares = { kernel: 0, javascript: 0, collection: 0, native: 0, library: 0 };
  for (const symbol of symbols) shares[kindOf(symbol)] += symbol.share;
  return shares;
}

/**
 * @param {Symbol} symbol
 * @returns {keyof Share}
 */
export function kindOf({ where, symbol }) {
  if (/^\[(kernel|guest\.kernel|k?vmlinux)/.test(where) || where.endsWith('.ko')) return 'kernel';
  if (/^perf-\d+\.map$/.test(where) || where.startsWith('[JIT]') || symbol.startsWith('Builtins_'))
    return 'javascript';
  if (/^(lib|ld-|\[vdso\])/.test(where)) return 'library';
  return collecting.test(symbol) ? 'collection' : 'native';
}

/** The system calls that are told apart; what else there is comes out as the difference to all. */
export const countedCalls = (
  'read readv recvfrom recvmsg write writev sendto sendmsg sendfile64 splice epoll_wait epoll_pwait epoll_ctl ' +
  'accept4 connect socket close shutdown setsockopt getsockopt getpeername getsockname ioctl futex'
).split(' ');

/** @type {Record<string, RegExp>} calls that do the same for a proxy, and the names the table has for them */
const groups = {
  read: /^(read|readv|recvfrom|recvmsg)$/,
  write: /^(write|writev|sendto|sendmsg|sendfile64|splice)$/,
  wait: /^epoll_p?wait$/,
};

/**
 * @param {string} text of `perf stat -x ';'`, events `raw_syscalls:sys_enter` and `syscalls:sys_enter_…`
 * @returns {{ all: number, calls: Map<string, number> }} grouped, the most frequent first
 */
export function parseCalls(text) {
  let all = 0;
  let named = 0;
  /** @type {Map<string, number>} */
  const calls = new Map();
  for (const line of text.split('\n')) {
    const [count = '', , event = ''] = line.split(';');
    const times = Number(count);
    if (!Number.isFinite(times) || event === '') continue;
    if (event === 'raw_syscalls:sys_enter') all = times;
    const call = /^syscalls:sys_enter_(.+)$/.exec(event)?.[1];
    if (call === undefined) continue;
    named += times;
    const name = Object.entries(groups).find(([, matches]) => matches.test(call))?.[0] ?? call;
    calls.set(name, (calls.get(name) ?? 0) + times);
  }
  calls.set('others', Math.max(0, all - named));
  return { all, calls: new Map([...calls].filter(([, times]) => times > 0).sort((a, b) => b[1] - a[1])) };
}
