import { describe, expect, it } from 'vitest';
import { good, listener, pools, problemsOf } from '../../support/problems-of.ts';

describe('a ballast.yaml with problems', () => {
  it('has none when it is right', () => {
    expect(problemsOf(good)).toEqual([]);
  });

  it.each<[string, string, string[]]>([
    [
      'nothing but a version',
      'version: 1\n',
      [
        '1:1 the file needs listeners; write listeners: [{ name: web, bind: 127.0.0.1:8080, pool: api }]',
        '1:1 the file needs pools; write pools: [{ name: api, servers: [{ address: 127.0.0.1:3001 }] }]',
      ],
    ],
    ['wrong version', `version: 2\n${listener}${pools}`, ['1:10 version is the number 2; write version: 1']],
    // keys
    ['misspelt key', good.replace('weight', 'wieght'), ['8:36 unknown key "wieght"; did you mean "weight"?']],
    [
      'key in another spelling',
      good.replace('    servers:', '    health_check: { type: tcp }\n    servers:'),
      ['6:5 unknown key "health_check"; did you mean "healthCheck"?'],
    ],
    [
      'foreign key',
      `${listener}${pools}upstream: x\n`,
      [
        '3:1 unknown key "upstream"; known here: version, listeners, pools, replicas, dataPlane, responseFields, persistSessions, journalRequests',
      ],
    ],
    [
      'key in health check',
      good.replace('    servers:', '    healthCheck:\n      type: http\n      pth: /health\n    servers:'),
      ['8:7 unknown key "pth"; did you mean "path"?'],
    ],
    [
      'key in strategy',
      good.replace('    servers:', '    strategy: { kind: round-robin, seed: 1 }\n    servers:'),
      ['6:36 unknown key "seed"; known here: kind'],
    ],
    // what is missing
    [
      'missing address',
      good.replace('address: 127.0.0.1:3002, ', ''),
      ['8:9 server 2 of pool api needs an address; write address: 127.0.0.1:3002'],
    ],
    [
      'missing bind',
      good.replace('bind: 127.0.0.1:8080, ', ''),
      ['3:5 listener web needs a bind; write bind: 127.0.0.1:8080'],
    ],
    [
      'missing name of a pool',
      good.replace('name: api\n    servers', 'servers'),
      ['5:5 pool 1 needs a name; write name: api'],
    ],
    [
      'pool without servers',
      `${listener}pools:\n  - name: api\n`,
      ['3:5 pool "api" has no servers; write servers: [{ address: 127.0.0.1:3001 }]'],
    ],
    [
      'pool with an empty list',
      `${listener}pools:\n  - name: api\n    servers: []\n`,
      ['4:14 pool "api" has no servers; write servers: [{ address: 127.0.0.1:3001 }]'],
    ],
    [
      'pool with nothing behind servers',
      `${listener}pools:\n  - name: api\n    servers:\n`,
      ['4:5 pool api has no servers; write servers: [{ address: 127.0.0.1:3001 }]'],
    ],
    [
      'listener to nowhere',
      good.replace(', pool: api', ''),
      ['3:5 a listener leads somewhere: write pool: NAME, or routes'],
    ],
    [
      'listener to no pool',
      good.replace('pool: api', 'pool: apu'),
      ['3:46 there is no pool "apu"; write one of api'],
    ],
    ['empty value', good.replace('name: api\n', 'name:\n'), ['5:5 name of pool 1 is empty; write name: api']],
    // what is of another kind
    [
      'address that is none',
      good.replace('127.0.0.1:3001', 'localhost'),
      ['7:33 "localhost" is no address; write host:port, e.g. 127.0.0.1:3001'],
    ],
    [
      'address that is a number',
      good.replace('127.0.0.1:3001', '3001'),
      ['7:33 address of server api-1 of pool api is the number 3001; write address: 127.0.0.1:3001'],
    ],
    [
      'server that is text',
      good.replace('{ name: api-1, address: 127.0.0.1:3001 }', '127.0.0.1:3001'),
      ['7:9 server 1 of pool api is the text "127.0.0.1:3001"; write { address: 127.0.0.1:3001 }'],
    ],
    [
      'weight in quotes',
      good.replace('weight: 2', 'weight: "2"'),
      ['8:44 weight of server 2 of pool api is the text "2"; write a number without quotes, e.g. weight: 1'],
    ],
    [
      'number of threads that is a word',
      `${good}dataPlane: { threads: many }\n`,
      ['9:23 threads of dataPlane is the text "many"; write a whole number from 1 to 16, without quotes'],
    ],
    [
      'data plane that is a number',
      `${good}dataPlane: 2\n`,
      ['9:12 dataPlane is the number 2; write dataPlane: { threads: 2 }'],
    ],
    [
      'queue that is a number',
      `${good}    queue: 5\n`,
      ['9:12 queue of pool api is the number 5; write queue: { length: 100, timeout: 5s }'],
    ],
    [
      'time in the queue without a unit',
      `${good}    queue: { timeout: 5 }\n`,
      ['9:23 timeout of queue of pool api is the number 5; write a number and a unit, e.g. timeout: 5s'],
    ],
    [
      'time of a tunnel without a unit, which no list of examples has',
      `${good}    timeouts: { tunnel: 0 }\n`,
      ['9:25 tunnel of timeouts of pool api is the number 0; write a number and a unit, e.g. tunnel: 1h'],
    ],
    [
      'batching of an unknown mode, in its mapping',
      `${good}    batching: { mode: maybe }\n`,
      ['9:23 mode of batching of pool api is the text "maybe"; write off, on or adaptive'],
    ],
    [
      'batching with several mistakes in its mapping',
      `${good}    batching: { depth: 100, wait: 5 }\n`,
      [
        '9:24 depth of batching of pool api is 100; write at most 16',
        '9:35 wait of batching of pool api is the number 5; write a number and a unit, e.g. wait: 100ms',
      ],
    ],
    [
      'batching with a wait that is too short',
      `${good}    batching: { wait: 1ms }\n`,
      ['9:23 a duration here is between 20ms and 24d; write e.g. 100ms'],
    ],
    [
      'a duration below a second',
      `${good}    affinity: { type: cookie, ttl: 10ms }\n`,
      ['9:36 a duration here is between 1s and 24d; write e.g. 30m'],
    ],
    [
      'affinity by a field without its name',
      `${good}    affinity: { type: header }\n`,
      ['9:15 affinity of pool api needs a header; write header: x-session'],
    ],
    [
      'a path of a cookie that is wrong in two ways',
      `${good}    affinity: { type: cookie, path: "x;y" }\n`,
      ['9:37 path "x;y": a path without spaces, quotes, "$", "\\\\" and ";"; write e.g. /app'],
    ],
    [
      'weight out of range',
      good.replace('weight: 2', 'weight: 5000'),
      ['8:44 weight of server 2 of pool api is 5000; write at most 1000'],
    ],
    [
      'weight with a fraction',
      good.replace('weight: 2', 'weight: 1.5'),
      ['8:44 weight of server 2 of pool api is the number 1.5; write a whole number from 0 to 1000'],
    ],
    [
      'yes for true',
      good.replace('weight: 2', 'backup: yes'),
      ['8:44 backup of server 2 of pool api is the text "yes"; write true or false'],
    ],
    [
      'pools as a mapping',
      `${listener}pools:\n  api: { servers: [] }\n`,
      ['2:1 pools is a list; write - { name: api, servers: [{ address: 127.0.0.1:3001 }] }'],
    ],
    [
      'name with a space',
      good.replace('name: api-1', 'name: api one'),
      ['7:17 name "api one": a name is letters, digits, ".", "_" or "-", 63 at most; write e.g. api-1'],
    ],
    [
      'name of a listener with a space',
      good.replace('name: web', 'name: the web'),
      ['3:13 name "the web": a name is letters, digits, ".", "_" or "-", 63 at most; write e.g. api-1'],
    ],
    [
      'limit of a listener out of range, which hides nothing else',
      good.replace('pool: api }', 'pool: apu, limits: { headFields: 1 } }'),
      [
        '3:46 there is no pool "apu"; write one of api',
        '3:73 headFields of limits of listener web is 1; write at least 8',
      ],
    ],
    [
      'listener on every address beside another on the same port',
      good.replace('pools:', '  - { name: all, bind: 0.0.0.0:8080, pool: api }\npools:'),
      [
        '3:24 listener "all" takes every address of port 8080, 127.0.0.1:8080 too; give one of them another port',
      ],
    ],
    [
      'server that is the listener itself',
      good.replace('127.0.0.1:3001', '127.0.0.1:8080').replace('bind: 127.0.0.1', 'bind: 0.0.0.0'),
      [
        '7:33 127.0.0.1:8080 is listener "web" itself, which leads to this pool: a request would go round for ever; write the address of the process that serves',
      ],
    ],
    [
      'duration without a unit',
      good.replace('    servers:', '    timeouts: { connect: 1 }\n    servers:'),
      ['6:26 connect of timeouts of pool api is the number 1; write a number and a unit, e.g. connect: 1s'],
    ],
    [
      'duration with an unknown unit',
      good.replace('    servers:', '    timeouts: { connect: 1sec }\n    servers:'),
      ['6:26 "1sec" is no duration; write a number and a unit (ms, s, m, h, d), e.g. 1s'],
    ],
    [
      'unknown strategy',
      good.replace('    servers:', '    strategy: round-robbin\n    servers:'),
      [
        '6:15 unknown strategy "round-robbin"; write one of round-robin, weighted-round-robin, least-connections, power-of-two, least-time, random, ip-hash, hash, first (did you mean round-robin?)',
      ],
    ],
    [
      'unknown health check',
      good.replace('    servers:', '    healthCheck: { type: htp }\n    servers:'),
      ['6:26 type of healthCheck of pool api is "htp"; did you mean http?'],
    ],
    [
      'health check without a type',
      good.replace('    servers:', '    healthCheck: { path: /health }\n    servers:'),
      ['6:18 healthCheck of pool api needs a type; write type: http, type: tcp, type: grpc or type: none'],
    ],
    [
      'unknown choice',
      good.replace('    servers:', '    affinity: { type: cookie, onUnavailable: rebalanse }\n    servers:'),
      ['6:46 onUnavailable of affinity of pool api is "rebalanse"; did you mean rebalance?'],
    ],
    // names and references
    [
      'server named twice',
      good.replace('{ address: 127.0.0.1:3002', '{ name: api-1, address: 127.0.0.1:3002'),
      ['8:17 a second server of pool "api" is called "api-1"; give it another name'],
    ],
    [
      'address twice',
      good.replace('3002', '3001'),
      [
        '8:20 a second server of pool "api" has the address 127.0.0.1:3001; give one of them more weight instead',
      ],
    ],
    [
      'pool named twice',
      `${good}  - { name: api, servers: [{ address: 127.0.0.1:3009 }] }\n`,
      ['9:13 a second pool is called "api"; give it another name'],
    ],
    [
      'replica group for no pool',
      `${good}replicas:\n  - { name: x, command: node x.js, pool: apj }\n`,
      ['10:42 there is no pool "apj"; write one of api'],
    ],
    [
      'replica group with too many processes',
      `${good}replicas:\n  - { name: x, command: node x.js, pool: api, count: 3 }\n`,
      ['10:54 pool "api" lists 2 servers, too few for 3 processes; add servers or lower count'],
    ],
  ])('tells line, column and what to write: %s', (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  it('tells all problems at once, in the order of the file', () => {
    const text = good.replace('bind', 'bnd').replace('weight: 2', 'weight: -1').replace('3001', '99999');
    expect(problemsOf(text).map((each) => each.split(' ')[0])).toEqual(['3:5', '3:18', '7:33', '8:44']);
  });
});
