import { sep } from 'node:path';

/**
 * Where a file of the packaged app lies as a real file. Electron reads inside `app.asar` transparently, a worker thread or a
 * process of ours does not, so the packager puts such files beside the archive.
 */
export function outsideArchive(path: string): string {
  return path.replace(`app.asar${sep}`, `app.asar.unpacked${sep}`);
}
