import type { RequestDetail } from '@shared/contract/request-values.ts';
import type { Act } from './acts.ts';
import { bodyOf, digestOf, type Request, type Seen } from './asking.ts';
import type { LogEntry } from './server-process.ts';

export interface Case {
  readonly request: Request;
  /** By server name. */
  readonly acts: Readonly<Record<string, Act>>;
  readonly servers: readonly { readonly name: string; saw(id: string): readonly LogEntry[] }[];
  readonly retry: { readonly attempts: number; readonly on: readonly number[] };
}

/**
 * A server was given up for being slow that was not to be: then the machine was too busy for so short a timeout, and the case
 * says nothing. One with a longer timeout does.
 */
export function wasTooBusy({ acts }: Pick<Case, 'acts'>, told: RequestDetail): boolean {
  return told.attemptList.some(
    ({ server, outcome, detail }) =>
      (outcome === 'timed-out' || detail?.startsWith('no more of the response for ')) &&
      !acts[server.split('/')[1]!]!.outcomes.includes(outcome),
  );
}

/**
 * Whether the client's view, the journal and what the servers wrote down fit together and follow the rules. What does not, in
 * words. The rules are said anew here, in the simplest form, and owe nothing to the engine.
 */
export function judge({ request, acts, servers, retry }: Case, seen: Seen, told: RequestDetail): string[] {
  const { kind, id } = request;
  const problems: string[] = [];
  const expect = (what: string, isRight: boolean): void => {
    if (!isRight) problems.push(what);
  };
  const tries = told.attemptList.map((each) => ({ ...each, name: each.server.split('/')[1]! }));
  const body = bodyOf(request);

  // The same one again only when all have been tried, never twice in a row, and not at once.
  for (const [index, { name, startedAfterMs }] of tries.entries()) {
    const before = tries.slice(0, index);
    const last = before.findLast((each) => each.name === name);
    if (!last) continue;
    expect(
      `${name} was tried again before the others`,
      new Set(before.map((each) => each.name)).size === servers.length,
    );
    expect(
      `${name} was tried again at once`,
      before.at(-1) !== last && startedAfterMs - last.startedAfterMs >= 99,
    );
  }
  expect('there was no attempt', tries.length > 0);

  for (const [index, { name, outcome, status }] of tries.entries()) {
    const act = acts[name]!;
    const isLast = index === tries.length - 1;
    const refusals = tries.slice(0, index + 1).filter((each) => each.detail === 'connection refused').length;
    const triesElsewhere = act.effect === 'answers' && status !== null && retry.on.includes(status);
    const failed = outcome !== 'responded';
    expect(`${name}: outcome ${outcome}, not ${act.outcomes}`, act.outcomes.includes(outcome));
    const mayRepeat =
      (outcome === 'connect-failed' || kind.idempotent) &&
      retry.attempts > 1 &&
      index + 1 - refusals < retry.attempts;
    const isSomeoneLeft = new Set(tries.slice(0, index + 1).map((each) => each.name)).size < servers.length;
    if (!isLast) {
      expect(`${name}: it was tried elsewhere after ${outcome} ${status}`, failed || triesElsewhere);
      expect(`${name}: another attempt was made where none was allowed`, mayRepeat && act.effect !== 'cut');
      continue;
    }
    if (act.effect === 'answers' && !failed) {
      expect(
        `${name}: its ${status} was not tried elsewhere`,
        !(triesElsewhere && mayRepeat && isSomeoneLeft && !kind.large),
      );
      expectAnswer(name, act);
    } else if (act.effect === 'cut' || (outcome === 'failed-mid-response' && isMoreThanFits(act)))
      expectCut(name);
    else {
      // A body beyond what is kept may have been sent whole, or may not have been yet.
      expect(
        `${name}: given up after ${outcome} although it could be tried elsewhere`,
        !mayRepeat || !isSomeoneLeft || kind.large,
      );
      const expected = outcome === 'timed-out' ? 504 : 502;
      expect(`status ${seen.status}, not ${expected}`, seen.status === expected);
      expect('the own answer is not whole', seen.complete);
      expect('the journal has another status', told.status === expected);
      expect('the journal has no error', told.error !== null);
      expect(
        'the failure names no attempts',
        kind.method === 'HEAD' || seen.body.includes(`attempt ${tries.length}: ${name}`),
      );
      expectOwnFields(null);
    }
  }
  expect('more body came in than was sent', told.requestBytes <= body.length);
  expect(
    `journal: ${told.responseBytes} bytes of response, client: ${seen.body.length}`,
    seen.complete ? told.responseBytes === seen.body.length : told.responseBytes >= seen.body.length,
  );

  const reached = servers.filter((server) => server.saw(id).length > 0);
  for (const { name } of reached)
    expect(
      `${name} saw it, but no attempt says so`,
      tries.some((each) => each.name === name),
    );
  if (!kind.idempotent) {
    expect(`it reached ${reached.map(({ name }) => name)}`, reached.length <= 1);
    for (const server of reached) {
      const times = new Set(server.saw(id).map(({ connection }) => connection)).size;
      expect(`it reached ${server.name} ${times} times`, times <= 1);
    }
  }
  return problems.map(
    (problem) =>
      `${problem}\n    ${kind.name} ${id}, ${servers.map(({ name }) => `${name}=${acts[name]!.act}`).join(' ')}, attempts ${retry.attempts} on ${retry.on}\n    ` +
      `seen: ${seen.status} ${seen.complete ? 'whole' : 'not whole'} ${seen.end} ${JSON.stringify(seen.body.slice(0, 160))}\n    ` +
      `told: ${told.status} ${tries.map(({ name, outcome, detail }) => `${name} ${outcome} (${detail})`).join(', ')}; ${told.error}`,
  );

  /** A server that answers and resets in one breath takes back what the system had not yet handed over: more than a window holds. */
  function isMoreThanFits({ early, act }: Act): boolean {
    return early === true && act.endsWith('@rst') && (request.responseBytes ?? 100) > 60_000;
  }

  function expectOwnFields(server: string | null): void {
    expect('wrong x-ballast-attempts', seen.fields.get('x-ballast-attempts') === String(tries.length));
    expect('wrong x-ballast-server', (seen.fields.get('x-ballast-server') ?? null) === server);
    expect('wrong x-ballast-request', seen.fields.get('x-ballast-request') === told.id);
  }

  function expectAnswer(name: string, act: Act): void {
    expect(`status ${seen.status}, not ${act.status}`, seen.status === act.status);
    expect('the journal has another status', told.status === act.status);
    expect('the response is not whole', seen.complete);
    expectOwnFields(name);
    if (act.act === 'early-hints') expect('the hint is missing', seen.interim.includes(103));
    if (act.early) return;
    const saw = servers
      .find((each) => each.name === name)
      ?.saw(id)
      .at(-1);
    const digest = digestOf(body);
    expect(`${name} read ${saw?.bodyBytes} bytes, not ${body.length}`, saw?.bodyBytes === body.length);
    expect(`${name} read another body`, saw?.digest === digest);
    expect(
      `${told.requestBytes} bytes of request in the journal, not ${body.length}`,
      told.requestBytes === body.length,
    );
    expect('the journal has an error', told.error === null);
    const size = request.responseBytes ?? 100;
    const expected = `${name} ${id} ${body.length} ${digest} `.padEnd(size, '.');
    expect('another body than the server sent', seen.body === (kind.method === 'HEAD' ? '' : expected));
  }

  function expectCut(name: string): void {
    expect('part of a response was taken for all of it', !seen.complete);
    expect(`the connection was ${seen.end}, not reset`, seen.end === 'reset');
    expect(`status ${seen.status}`, seen.status === (acts[name]!.status ?? 200) || seen.status === 0);
    expect(
      'bytes that the server did not send',
      `${name} ${id} `.startsWith(seen.body.slice(0, name.length + id.length + 2)),
    );
    expect('the journal says nothing of it', told.error?.includes('already been passed on') ?? false);
  }
}
