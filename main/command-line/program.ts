import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { exitCodes, Failure, refusal } from './failure.ts';
import { createOutput, type Output, tellFailure } from './output.ts';
import type { RecordOptions } from './record-command.ts';
import type { ReplayCommandOptions } from './replay-command.ts';
import type { BuiltParts, RunOptions } from './run-command.ts';

const defaultFile = 'ballast.yaml';

type WhyModule = typeof import('./why-command.ts');

interface JsonOption {
  readonly json?: boolean;
}

/**
 * Runs one command and returns the exit code: 0 done, 1 the thing asked for failed, 2 wrong usage or unreadable input. What a
 * command does not need is not loaded: each imports its own module when it is called.
 */
export async function runCommandLine(argv: readonly string[], parts: BuiltParts): Promise<number> {
  let exitCode: number = exitCodes.done;
  let output: Output = createOutput({ json: argv.includes('--json') });
  const run =
    <A extends unknown[]>(work: (output: Output, ...args: A) => Promise<unknown>) =>
    async (...args: A): Promise<void> => {
      output = createOutput({ json: argv.includes('--json') });
      const result = await work(output, ...args);
      if (typeof result === 'number') exitCode = result;
    };

  // A program that reads the output gets wrong usage as an object too.
  const program = createProgram(run, parts, (text) => void (output.json || process.stderr.write(text)));
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.done;
      if (output.json) tellFailure(output, new Failure(usageOf(program, error)));
      return exitCodes.usage;
    }
    const failure = refusal(error);
    tellFailure(output, failure);
    return failure.exitCode;
  }
}

/**
 * Every command with its arguments and options, and no more. Wrong usage is thrown as a `CommanderError`.
 *
 * @param run makes what a command does out of its work @param tell given what is to be said of wrong usage
 */
export function createProgram(run: Run, parts: BuiltParts, tell: (text: string) => void): Command {
  const program = new Command('ballast')
    .description('The load balancer a developer can see: put one port in front of several local replicas.')
    .version(parts.version)
    .showHelpAfterError('(ballast --help lists the commands)')
    .configureOutput({
      writeErr: tell,
      outputError: (text, write) => write(usageText(program, text)),
    })
    .exitOverride();

  addRunning(program, run, parts);
  addFiles(program, run);
  addLooking(program, run);
  addReplay(program, run);
  addServer(program, run);
  addSession(program, run);
  return program;
}

function usageOf(program: Command, { code, message }: CommanderError): string {
  if (code === 'commander.help') return 'name a command; ballast --help lists them';
  return usageText(program, message).replace(/^ballast: /, '');
}

/** As every other refusal begins; and one of a command that stands below another says where. */
function usageText(program: Command, text: string): string {
  return text.replace(/^error: (.*)/, (_, message: string) => {
    const name = /^unknown command '([a-z-]+)'$/.exec(message)?.[1];
    const group = program.commands.find(({ commands }) => commands.some((each) => each.name() === name));
    return `ballast: ${message}${group === undefined ? '' : `; write ballast ${group.name()} ${name}`}`;
  });
}

export type Run = <A extends unknown[]>(
  work: (output: Output, ...args: A) => Promise<unknown>,
) => (...args: A) => Promise<void>;

const json = () => new Option('--json', 'one JSON object per line, for programs');
const whichRunning = () => new Option('--control-port <N>', 'which one, where several run').argParser(port);
const limit = (fallback: number, most: number) =>
  new Option('--limit <N>', 'at most this many').argParser(whole(1, most)).default(fallback);

function addRunning(program: Command, run: Run, parts: BuiltParts): void {
  const withFlags = (command: Command): Command =>
    command
      .addOption(
        new Option(
          '--control-port <N>',
          'port of the control endpoint; 0 for any free (default: 9900 or the next free)',
        ).argParser(port),
      )
      .option('--control-host <HOST>', 'address the control endpoint listens on', '127.0.0.1')
      .option('--no-open', 'do not open the interface in the browser')
      .option('--read-only', 'let interface and command line look, not act', false)
      .addOption(json());
  withFlags(program.command('up').description('run a ballast.yaml and serve the interface'))
    .argument('[FILE]', 'the workspace file', defaultFile)
    .action(
      run(async (output, file: string, options: RunOptions & JsonOption) => {
        const { runBallast } = await import('./run-command.ts');
        await runBallast(output, file, options, parts);
      }),
    );
  withFlags(program.command('demo').description('run three demo replicas with gentle traffic')).action(
    run(async (output, options: RunOptions & JsonOption) => {
      const { runBallast } = await import('./run-command.ts');
      await runBallast(output, undefined, options, parts);
    }),
  );
}

function addFiles(program: Command, run: Run): void {
  program
    .command('check')
    .description(
      'check a ballast.yaml: what cannot run and what to write instead, and settings that have no effect',
    )
    .argument('[FILE]', 'the workspace file', defaultFile)
    .option('--strict', 'exit with 1 where a setting has no effect')
    .addOption(json())
    .action(
      run(async (output, file: string, options: { strict?: boolean }) => {
        const { check } = await import('./file-commands.ts');
        return await check(output, file, options);
      }),
    );
  program
    .command('export')
    .description('write the configuration of a production proxy that behaves the same')
    .argument('<DIALECT>', 'nginx')
    .argument('[FILE]', 'the workspace file', defaultFile)
    .option('--target-version <V>', 'version of that proxy, e.g. 1.22')
    .option('-o, --output <OUT>', 'file to write to instead of standard output')
    .addOption(json())
    .action(
      run(
        async (
          output,
          dialect: string,
          file: string,
          options: { targetVersion?: string; output?: string },
        ) => {
          const { exportConfig } = await import('./file-commands.ts');
          await exportConfig(output, dialect, file, options);
        },
      ),
    );
}

function addReplay(program: Command, run: Run): void {
  program
    .command('replay')
    .description('run a recorded journal again: through other strategies, weights or settings, side by side')
    .argument('<FILE>', 'written by "ballast record"')
    .option('--pool <POOL>', 'of that pool (default: each)')
    .option('--strategy <KIND>', 'one, several (a,b), all, or a mapping: {kind: hash, key: path}', 'all')
    .option('--weights <WEIGHTS>', 'other weights: api-1=3,api-2=1')
    .addOption(
      new Option(
        '--set <KEY=VALUE>',
        'any other setting of the pool, in the words of the file: outlierDetection.consecutiveFailures=2, servers.api-1.maxRequests=4',
      )
        .argParser((text: string, before: string[]) => [...before, text])
        .default([], 'none'),
    )
    .option('--config <FILE>', 'the settings of the pool of that name in another ballast.yaml')
    .addOption(new Option('--seed <N>', 'of chance').argParser(whole(0, 4_294_967_295)).default(1))
    .addOption(json())
    .addHelpText('after', replayHelp)
    .action(
      run(async (output, file: string, options: ReplayCommandOptions) => {
        const { replayFile } = await import('./replay-command.ts');
        await replayFile(output, file, options);
      }),
    );
}

const replayHelp = `
The pool is the real one, on a virtual clock; its servers are a model, made of what was recorded:
a request takes as long as its answer was recorded to take (at another server times the ratio of their median
response times). A server is out while several attempts in a row, or its probes, were seen to fail; a failure by itself
stays with its request. How much a server slows down under more load the model does not know. docs/guide/replay.md says what follows from that.`;

function addLooking(program: Command, run: Run): void {
  const looking = (name: string, description: string): Command =>
    program.command(name).description(description).addOption(whichRunning()).addOption(json());
  const load = () => import('./look-commands.ts');
  const loadRequests = () => import('./request-commands.ts');
  const loadEvents = () => import('./event-commands.ts');

  looking('status', 'listeners, servers and traffic of the running Ballast').action(
    run(async (output, options: { controlPort?: number }) => (await load()).status(output, options)),
  );
  looking('requests', 'the last requests, newest first')
    .addOption(limit(50, 1_000))
    .option('--pool <POOL>', 'of that pool')
    .option('--server <POOL/SERVER>', 'that were tried at that server; SERVER alone where one pool has it')
    .option('--session <POOL/SESSION>', 'of that session, as "ballast sessions" lists it')
    .option('--failed', 'that failed for the client')
    .option('--retried', 'that needed more than one attempt')
    .option('--follow', 'print the last ones, oldest first, and then every new one, until Ctrl-C')
    .action(
      run(async (output, options: Parameters<Awaited<ReturnType<typeof loadRequests>>['requests']>[1]) =>
        (await loadRequests()).requests(output, options),
      ),
    );
  looking('record', 'write the journal to a file that "ballast replay" runs again')
    .option('-o, --output <OUT>', 'file to write to instead of standard output')
    .addOption(
      new Option('--requests <N>', 'the newest N (default: all that are kept)').argParser(
        whole(1, 10_000_000),
      ),
    )
    .option('--pool <POOL>', 'of that pool')
    .action(
      run(async (output, options: RecordOptions) => {
        const { record } = await import('./record-command.ts');
        await record(output, options);
      }),
    );
  looking('why', 'why a request went where it went: every server as it stood, every attempt, and the reasons')
    .argument('[REQUEST_ID]', 'as listed by "ballast requests", or in the response field x-ballast-request')
    .option('--last-failed', 'the last request that failed for its client')
    .option('--last-retried', 'the last request that needed more than one attempt')
    .action(
      run(async (output, id: string | undefined, options: Parameters<WhyModule['why']>[2]) => {
        const { why }: WhyModule = await import('./why-command.ts');
        await why(output, id, options);
      }),
    );
  looking('sessions', 'which client is bound to which server')
    .addOption(limit(200, 1_000))
    .option('--pool <POOL>', 'of that pool')
    .option('--server <POOL/SERVER>', 'bound to that server')
    .option('--search <TEXT>', 'whose client or id contains this, or whose key begins so')
    .action(
      run(async (output, options: Parameters<Awaited<ReturnType<typeof load>>['sessions']>[1]) =>
        (await load()).sessions(output, options),
      ),
    );
  looking('events', 'what happened: verdicts, retries, sessions, replicas, configuration')
    .addOption(limit(100, 5_000))
    .option('--server <POOL/SERVER>', 'about that server')
    .option('--follow', 'print the last ones, and then every new one, until Ctrl-C')
    .action(
      run(async (output, options: Parameters<Awaited<ReturnType<typeof loadEvents>>['events']>[1]) =>
        (await loadEvents()).events(output, options),
      ),
    );
}

function addServer(program: Command, run: Run): void {
  const server = program.command('server').description('act on one server of the running Ballast');
  const acting = (name: string, description: string): Command =>
    server
      .command(name)
      .description(description)
      .argument('<POOL/SERVER>')
      .addOption(whichRunning())
      .addOption(json());
  const load = () => import('./server-commands.ts');
  type Choose = { controlPort?: number };

  for (const [name, adminState, description] of [
    ['drain', 'drain', 'no new clients; bound sessions and running requests finish'],
    ['ready', 'ready', 'take it back into service'],
    ['maintenance', 'maintenance', 'take it out; it is not probed'],
  ] as const) {
    const command = acting(name, description);
    if (name === 'drain')
      command.option(
        '--deadline <DURATION>',
        'then its sessions move and what still runs there is ended, e.g. 30s; timeouts.drain when left out',
      );
    command.action(
      run(async (output, place: string, options: Choose & { deadline?: string }) =>
        (await load()).setAdminState(output, place, adminState, options),
      ),
    );
  }
  acting('kill', 'end its process with SIGKILL').action(
    run(async (output, place: string, options: Choose) => (await load()).kill(output, place, options)),
  );
  acting('start', 'start its process again').action(
    run(async (output, place: string, options: Choose) => (await load()).start(output, place, options)),
  );
  acting('probes', 'its last health checks: when, how long, what was seen').action(
    run(async (output, place: string, options: Choose) => (await load()).probes(output, place, options)),
  );
  acting('weight', 'set its weight, in the file too')
    .argument('<N>', '0 to 1000', whole(0, 1_000))
    .action(
      run(async (output, place: string, weight: number, options: Choose) =>
        (await load()).setWeight(output, place, weight, options),
      ),
    );
}

function addSession(program: Command, run: Run): void {
  const session = program.command('session').description('act on sessions of the running Ballast');
  const acting = (name: string, description: string, place: string): Command =>
    session
      .command(name)
      .description(description)
      .argument(`<${place}>`)
      .addOption(whichRunning())
      .addOption(json());
  const load = () => import('./session-commands.ts');
  type Choose = { controlPort?: number };
  const one = 'POOL/SESSION';

  acting('end', 'end it: its client is bound anew at its next request', one).action(
    run(async (output, place: string, options: Choose) => (await load()).endSession(output, place, options)),
  );
  acting('end-all', 'end all sessions of a server, or of a whole pool', 'POOL[/SERVER]').action(
    run(async (output, place: string, options: Choose) =>
      (await load()).endAllSessions(output, place, options),
    ),
  );
  acting('move', 'bind it to another server of its pool', one)
    .argument('<SERVER>')
    .action(
      run(async (output, place: string, server: string, options: Choose) =>
        (await load()).moveSession(output, place, server, options),
      ),
    );
  acting('pin', 'keep it at its server: it neither expires nor moves', one).action(
    run(async (output, place: string, options: Choose) =>
      (await load()).pinSession(output, place, true, options),
    ),
  );
  acting('unpin', 'let it expire and move as others do', one).action(
    run(async (output, place: string, options: Choose) =>
      (await load()).pinSession(output, place, false, options),
    ),
  );
}

const port = whole(0, 65_535);

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
  };
}
