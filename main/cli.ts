#!/usr/bin/env node
import { join } from 'node:path';
import { version } from '../package.json';
import { runCommandLine } from './command-line/program.ts';

const here = import.meta.dirname;

// A reader that goes away (`ballast events --follow | head`) ends the command and is no fault.
process.stdout.on('error', () => process.exit(0));

const exitCode = await runCommandLine(process.argv, {
  workerPath: join(here, 'engine-worker.js'),
  rendererDir: join(here, '..', 'renderer'),
  version,
});
process.stdout.write('', () => process.exit(exitCode));
