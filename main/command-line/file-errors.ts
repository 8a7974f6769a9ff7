import { dirname } from 'node:path';
import { exitCodes, Failure } from './failure.ts';

/** A file that could not be read: what to do about it. @param make what makes such a file: `write one with …` */
export function unread(path: string, error: unknown, make: string): Failure {
  switch (codeOf(error)) {
    case 'ENOENT':
      return refused(`there is no file ${path}; ${make}`);
    case 'EISDIR':
      return refused(`${path} is a folder; name a file in it`);
    case 'EACCES':
    case 'EPERM':
      return refused(`${path} may not be read by this user; change its permissions, or name another file`);
    default:
      return refused(`${path} could not be read: ${messageOf(error)}`);
  }
}

/** The same for one that could not be written. */
export function unwritten(path: string, error: unknown): Failure {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return refused(`there is no folder ${dirname(path)} for ${path}; make it, or name another file`);
    case 'EISDIR':
      return refused(`${path} is a folder; name a file in it`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return refused(`${path} may not be written by this user; name another file`);
    case 'ENOSPC':
      return refused(`${path} could not be written: the disk is full; make room, or name a file elsewhere`);
    default:
      return refused(`${path} could not be written: ${messageOf(error)}`);
  }
}

function refused(message: string): Failure {
  return new Failure(message, { exitCode: exitCodes.usage });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
