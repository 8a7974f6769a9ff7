import { z } from 'zod';
import { compilePattern, type Pattern, PatternError } from '../lib/pattern.ts';
import { duration, durationText, whole } from './schema-parts.ts';
import { statusRange } from './status-ranges.ts';

/** While the verdict is changing, probes come this many times as often where the file says nothing of it, */
const hurry = 4;
/** but not closer than this. */
const closestMs = 100;

const probing = {
  interval: duration('2s', 50).describe('From the end of one probe to the beginning of the next.'),
  fastInterval: durationText('500ms', 50)
    .optional()
    .describe(
      'The same while the verdict is changing: a probe has contradicted it, and `rise` or `fall` is not reached yet. A quarter of `interval` (at least 100ms) when left out.',
    ),
  downInterval: durationText('10s', 50)
    .optional()
    .describe('The same while the server is unhealthy; `interval` when left out.'),
  jitter: whole(0, 50)
    .default(10)
    .describe(
      'Every interval is that much longer or shorter by chance, percent, so that the probes of many servers do not march in step.',
    ),
  timeout: duration('1s', 10).describe('A probe without an answer fails after this.'),
  rise: whole(1, 100)
    .default(2)
    .describe('Probes in a row that must succeed before an unhealthy server is healthy again.'),
  fall: whole(1, 100)
    .default(3)
    .describe('Probes in a row that must fail before a healthy server is unhealthy.'),
  initial: z
    .enum(['unknown', 'healthy', 'unhealthy'], { error: 'write unknown, healthy or unhealthy' })
    .default('unknown')
    .describe(
      'What a server is taken for at first. unknown: it takes requests, and one probe decides. healthy: it takes them until `fall` probes have failed. unhealthy: it takes none until `rise` probes have succeeded, unless no other server is left: then it is asked as the last resort.',
    ),
};

interface Timed {
  readonly interval: number;
  readonly timeout: number;
  readonly fastInterval?: number | undefined;
  readonly downInterval?: number | undefined;
}

/** In milliseconds, and what was left out as it follows from the rest. */
function timed<T extends Timed>({ interval, timeout, fastInterval, downInterval, ...rest }: T) {
  return {
    ...rest,
    intervalMs: interval,
    timeoutMs: timeout,
    fastIntervalMs: fastInterval ?? Math.min(interval, Math.max(closestMs, Math.round(interval / hurry))),
    downIntervalMs: downInterval ?? interval,
  };
}

const status = statusRange(100, 'a status, a class or a range; write e.g. 200, 2xx or 200-399');

/** The most of a response's body that a probe reads. */
export const mostBodyBytes = 65_536;

/**
 * Steps that looking for an expression in a body may take: at 20 to 40 ns each about 0.3 s of a core where every one of them is
 * taken, which few expressions do on few bodies. It is one of the engine's threads that takes them, and requests wait meanwhile.
 */
const mostSteps = 8_000_000;

/** Checked where the file is read, so that none is ever looked for that could take long. */
function checkExpression(text: string, bytes: number): string | undefined {
  let pattern: Pattern;
  try {
    pattern = compilePattern(text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return `the expression ${JSON.stringify(text)} cannot be used: ${error.message}`;
  }
  const enough = Math.floor(mostSteps / pattern.stepsPerByte);
  if (bytes <= enough) return undefined;
  return `looking for the expression ${JSON.stringify(text)} in ${bytes} bytes may take too long; write a simpler one, or bytes: ${enough} to look at less of the body`;
}

const body = z
  .strictObject({
    contains: z
      .string()
      .min(1, 'write the text that the body must contain, e.g. contains: ok')
      .max(1_000, 'write a text of at most 1000 characters')
      .optional()
      .describe('Text that the body must contain, as it is written.'),
    matches: z
      .string()
      .optional()
      .describe(
        'Regular expression that must be found in the body, in the syntax of RE2; `(?i)` at its front ignores case. Searched for in one pass: no references back, no looking ahead or behind. One that may take long in that many `bytes` is refused.',
      ),
    bytes: whole(1, mostBodyBytes)
      .default(mostBodyBytes)
      .describe('As much of the body is read and looked at.'),
  })
  .refine(({ contains, matches }) => (contains === undefined) !== (matches === undefined), {
    error: 'body needs one of contains and matches; write e.g. body: { contains: ok }',
  })
  .superRefine(({ matches, bytes }, context) => {
    const message = matches === undefined ? undefined : checkExpression(matches, bytes);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['matches'], message });
  });

/** What a probe says by itself, or what would change how its request is read. */
const ownFields = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const headers = z
  .record(z.string(), z.string({ error: 'the value of a field is text; write it in quotes' }))
  .superRefine((fields, context) => {
    const say = (name: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [name], message });
    const seen = new Set<string>();
    for (const [name, value] of Object.entries(fields)) {
      const lower = name.toLowerCase();
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
        say(name, `"${name}" is no name of a field; write e.g. x-probe: "1"`);
      else if (ownFields.includes(lower)) say(name, `the probe writes ${name} itself; leave it out`);
      else if (seen.has(lower)) say(name, `${name} stands here twice; write it once`);
      if (/[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(value))
        say(
          name,
          `the value of ${name} has a line break or another character that no field can have; write it without`,
        );
      seen.add(lower);
    }
  });

/** What stands in the Host field goes on the wire as it is written (RFC 9110 section 7.2), so the name is in ASCII. */
const host = z
  .string()
  .regex(
    /^[!-.0-~]+$/,
    'a host name in ASCII characters, without spaces or "/"; write e.g. api.example, and another alphabet in its xn-- form, e.g. xn--wgv71a.example',
  )
  .optional();

/** The timed check of every server of a pool. */
export const healthCheckSchema = z
  .discriminatedUnion(
    'type',
    [
      z
        .strictObject({
          type: z.literal('http'),
          ...probing,
          path: z
            .string()
            .regex(/^\/[!-~]*$/, 'a path starts with "/" and has no spaces; write e.g. /health')
            .default('/')
            .describe('Path of the probe, with its query.'),
          method: z
            .enum(['GET', 'HEAD', 'OPTIONS', 'POST'])
            .default('GET')
            .describe('Method of the probe, which has no body.'),
          host: host.describe(
            "Host field of the probe; the server's address when left out. May also stand in `headers`.",
          ),
          headers: headers.default({}).describe('Further fields of the probe.'),
          expect: z
            .array(status)
            .min(1, 'write the statuses that count as success, e.g. expect: [2xx]')
            .default(['2xx', '3xx'])
            .describe('Statuses that count as success. Redirects are not followed.'),
          body: body
            .optional()
            .describe(
              'What the body of the response must contain. It is looked at when it is complete, or `bytes` of it have come: one that breaks off fails, and so does one that has not ended within `timeout`, whatever it contains.',
            ),
        })
        .superRefine((check, context) => {
          const { method, body: wanted } = check;
          const named = hostField(check.headers);
          if (method === 'HEAD' && wanted !== undefined)
            context.addIssue({
              code: 'custom',
              path: ['method'],
              message: 'the response to HEAD has no body to look at; write method: GET',
            });
          if (check.host !== undefined && named !== undefined)
            context.addIssue({
              code: 'custom',
              path: ['host'],
              message: 'host stands in headers as well; write it once',
            });
        })
        .transform((check) => {
          const named = hostField(check.headers);
          if (named === undefined) return timed(check);
          const { [named]: value, ...others } = check.headers;
          return timed({ ...check, host: value, headers: others });
        }),
      z.strictObject({ type: z.literal('tcp'), ...probing }).transform(timed),
      z
        .strictObject({
          type: z.literal('grpc'),
          ...probing,
          service: z
            .string()
            .regex(/^[\w./-]*$/, 'the full name of a service; write e.g. shop.v1.Orders')
            .max(200)
            .default('')
            .describe('Service that is asked for; the server as a whole when left out.'),
          host: host.describe("Authority of the call; the server's address when left out."),
        })
        .transform(timed),
      z.strictObject({ type: z.literal('none') }),
    ],
    { error: 'write type: http, type: tcp, type: grpc or type: none' },
  )
  .prefault({ type: 'tcp' });

function hostField(fields: Readonly<Record<string, string>>): string | undefined {
  return Object.keys(fields).find((name) => name.toLowerCase() === 'host');
}
