import type { RequestDetail } from '@shared/contract/request-values.ts';
import type { Seen } from './asking.ts';
import type { Case } from './judge.ts';

/** What such requests may have more than one server for at a time, and how long they have altogether. */
export interface Beside {
  /** Most attempts begun beside another. */
  readonly most: number;
  /** They have a time of their own, so that any attempt may end with it. */
  readonly isTimed: boolean;
}

/**
 * Like `judge`, for requests that may run at two servers at once, or whose time may end at any moment: which attempt comes to what is
 * then a race, so only that is insisted on which holds whoever wins it.
 */
export function judgeHedged(
  { request, acts, servers, retry }: Case,
  { most, isTimed }: Beside,
  seen: Seen,
  told: RequestDetail,
): string[] {
  const { kind, id } = request;
  const problems: string[] = [];
  const expect = (what: string, isRight: boolean): void => {
    if (!isRight) problems.push(what);
  };
  const tries = told.attemptList.map((each) => ({ ...each, name: each.server.split('/')[1]! }));
  const refused = tries.filter(({ detail }) => detail === 'connection refused').length;
  const hedges = tries.filter(({ hedge }) => hedge);
  expect('there was no attempt', tries.length > 0);
  expect(`${tries.length} attempts, ${refused} of them refused`, tries.length - refused <= retry.attempts);
  expect(`${hedges.length} attempts beside another`, hedges.length <= most);
  expect('the first attempt was beside another', tries[0]?.hedge !== true);
  expect('beside another where nothing may be sent twice', hedges.length === 0 || kind.idempotent);

  for (const [index, { name, outcome, hedge }] of tries.entries()) {
    const before = tries.slice(0, index);
    const wasTried = before.some((each) => each.name === name);
    const areAllTried = new Set(before.map((each) => each.name)).size === servers.length;
    expect(`${name} was asked a second time beside another`, !hedge || !wasTried);
    expect(`${name} was tried again before the others`, !wasTried || areAllTried);
    const isRace = outcome === 'cancelled' && tries.length > 1 && hedges.length > 0;
    const isLate = isTimed && (outcome === 'timed-out' || outcome === 'connect-failed');
    expect(
      `${name}: outcome ${outcome}, not ${acts[name]!.outcomes}`,
      isRace || isLate || acts[name]!.outcomes.includes(outcome),
    );
  }

  const answering = seen.fields.get('x-ballast-server') ?? null;
  if (answering !== null) {
    const act = acts[answering]!;
    expect(
      `${answering} answered, and was not asked`,
      tries.some(({ name }) => name === answering),
    );
    expect(`${answering} answered, and does not`, act.effect !== 'fails');
    expect(
      `the answer is ${seen.complete ? 'whole' : 'not whole'}`,
      seen.complete === (act.effect === 'answers') || act.early === true,
    );
    if (seen.complete) expect(`status ${seen.status}, not ${act.status}`, seen.status === act.status);
    const isRead = kind.method !== 'HEAD' && !act.early;
    const begins = `${answering} ${id} `;
    expect('the body is of another', !isRead || begins.startsWith(seen.body.slice(0, begins.length)));
  } else if (seen.status !== 0) {
    expect(`status ${seen.status} of its own`, [502, 503, 504].includes(seen.status));
    expect('the own answer is not whole', seen.complete);
    expect('the journal has no error', told.error !== null);
  } else
    expect(
      'nothing was answered, and no response was cut',
      tries.some(({ name }) => acts[name]!.effect !== 'fails'),
    );
  if (seen.complete) expect(`the journal has status ${told.status}`, told.status === seen.status);

  const reached = servers.filter((server) => server.saw(id).length > 0);
  for (const { name } of reached)
    expect(
      `${name} saw it, but no attempt says so`,
      tries.some((each) => each.name === name),
    );
  if (!kind.idempotent) expect(`it reached ${reached.map(({ name }) => name)}`, reached.length <= 1);
  return problems.map(
    (problem) =>
      `${problem}\n    ${kind.name} ${id}, ${servers.map(({ name }) => `${name}=${acts[name]!.act}`).join(' ')}, attempts ${retry.attempts} on ${retry.on}, hedged ${most}\n    ` +
      `seen: ${seen.status} ${seen.complete ? 'whole' : 'not whole'} ${seen.end} ${JSON.stringify(seen.body.slice(0, 160))}\n    ` +
      `told: ${told.status} ${tries.map(({ name, outcome, detail, hedge }) => `${name} ${outcome}${hedge ? ' hedge' : ''} (${detail})`).join(', ')}; ${told.error}`,
  );
}
