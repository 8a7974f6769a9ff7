import { describe, expect, it } from 'vitest';
import { renderNginx } from '../../../main/dialect/nginx/render.ts';
import { configWith, notesOf } from '../../support/nginx-export-kit.ts';

describe('health, outliers and retries in nginx', () => {
  it('says that health checks are lost and what takes their place', () => {
    const config = configWith({ healthCheck: { type: 'http', path: '/health', interval: '500ms' } });
    expect(notesOf(config)[0]).toMatch(
      /^lost: Pool api: open-source nginx does not check health by itself\. The probe \(GET \/health every 500ms\) is gone .*left out for 10s after 5 failed requests/,
    );
    expect(notesOf(configWith({ healthCheck: { type: 'none' } })).join()).not.toContain(
      'does not check health',
    );
  });

  it('says what of outlier detection it leaves behind', () => {
    const outlierNotes = (outlierDetection: object): string[] =>
      notesOf(configWith({ outlierDetection, retry: { on: [503] } })).filter((note) =>
        note.includes('outlierDetection'),
      );
    expect(outlierNotes({})).toEqual([]);
    expect(outlierNotes({ statuses: [503] })).toEqual([]);
    expect(
      outlierNotes({
        failurePercent: 50,
        latencyFactor: 5,
        maxEjectedPercent: 40,
        statuses: ['5xx', 429],
        ejectLast: true,
      }),
    ).toEqual([
      'lost: Pool api: nginx leaves a server out after so many failures, and for nothing else; outlierDetection.failurePercent: 50, outlierDetection.latencyFactor: 5, outlierDetection.maxEjectedPercent: 40 cannot be said.',
      'differs: Pool api: nginx counts as failures the statuses that it tries again elsewhere (retry.on), not those of outlierDetection.statuses (5xx, 429).',
      'differs: Pool api: where every server has failed nginx asks all of them again, each once in a while; outlierDetection.ejectLast cannot be said.',
    ]);
  });

  it('says what the lost probe looked for', () => {
    const looking = configWith({
      healthCheck: {
        type: 'http',
        path: '/health',
        headers: { 'x-probe': '1' },
        body: { contains: 'ok' },
        initial: 'unhealthy',
      },
    });
    const notes = notesOf(looking).join('\n');
    expect(notes).toContain('The probe (GET /health with x-probe whose body contains "ok" every 2s) is gone');
    expect(notes).toContain('passes=2 match=NAME;)');
    expect(notes).toContain('initial: unhealthy is gone');
    const matching = configWith({ healthCheck: { type: 'http', body: { matches: '^up' } } });
    expect(notesOf(matching).join()).toContain('(GET / whose body matches /^up/ every 2s)');
    const calling = configWith({ healthCheck: { type: 'grpc', service: 'shop.v1.Orders' } });
    expect(notesOf(calling).join()).toContain(
      'The probe (gRPC health of shop.v1.Orders every 2s) is gone (nginx Plus: health_check type=grpc grpc_service=shop.v1.Orders interval=2s',
    );
  });

  it('says that there is no circuit breaker, where one was asked for', () => {
    const circuitNotes = (circuitBreaker: object): string[] =>
      notesOf(configWith({ circuitBreaker })).filter((note) => note.includes('circuit'));
    expect(circuitNotes({})).toEqual([]);
    expect(circuitNotes({ failurePercent: 50 })).toEqual([
      'lost: Pool api: nginx has no circuit breaker; a pool that fails as a whole is asked on (circuitBreaker).',
    ]);
  });

  it('tells the statuses that nginx cannot retry, and the budget', () => {
    const config = configWith({ retry: { attempts: 4, on: [503, 418, 500] } });
    expect(renderNginx(config).text).toContain(
      'proxy_next_upstream error timeout invalid_header http_500 http_503;',
    );
    expect(renderNginx(config).text).toContain('proxy_next_upstream_tries 4;');
    const notes = notesOf(config).join('\n');
    expect(notes).toContain('cannot retry on status 418');
    expect(notes).toContain('no retry budget');
    expect(renderNginx(configWith({ retry: { attempts: 1 } })).text).toContain('proxy_next_upstream off;');
  });

  it('says by its own words what is tried again, and what it cannot tell apart', () => {
    const when = (retry: object): string | undefined =>
      /proxy_next_upstream (.*);/.exec(renderNginx(configWith({ retry })).text)?.[1];
    expect(when({ on: ['timed-out', 'connect-failed', 'closed-before-response', '5xx'] })).toBe(
      'error timeout http_500 http_502 http_503 http_504',
    );
    expect(when({ on: ['failed-mid-response'] })).toBe('invalid_header');
    expect(when({ on: ['502-503'] })).toBe('error timeout invalid_header http_502 http_503');
    expect(when({ on: ['501-503'] })).toBe('error timeout invalid_header http_502 http_503');
    expect(when({ methods: ['GET', 'POST', 'LOCK', 'PATCH'] })).toBe(
      'error timeout invalid_header non_idempotent',
    );
    const notes = notesOf(
      configWith({ retry: { on: ['connect-failed', '4xx'], methods: ['GET', 'POST'] } }),
    ).join('\n');
    expect(notes).toContain('does not tell connect-failed from closed-before-response');
    expect(notes).toContain('cannot retry on status the rest of 4xx');
    expect(notes).toContain('Ballast not HEAD, OPTIONS, PUT, DELETE, TRACE either');
    expect(notes).toContain('nginx tries LOCK and PATCH again too, not only POST');
  });

  it('tells that it knows neither hedging nor waits between attempts, and of the times what it has', () => {
    const config = configWith({
      retry: { backoff: { base: '25ms' }, hedge: {} },
      timeouts: { attempt: '2s', request: '10s' },
    });
    expect(renderNginx(config).text).toContain('proxy_next_upstream_timeout 10s;');
    const notes = notesOf(config).join('\n');
    expect(notes).toContain('no attempt as a whole (timeouts.attempt 2s)');
    expect(notes).toContain('lets the one that runs go on; Ballast answers 504');
    expect(notes).toContain('does not wait before it tries again (retry.backoff)');
    expect(notes).toContain('sends no request to two servers at once (retry.hedge)');
    expect(renderNginx(configWith()).text).not.toContain('proxy_next_upstream_timeout');
  });
});
