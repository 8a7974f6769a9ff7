import { findBrowser } from './find-browser.mjs';
import { findProgram } from './find-program.mjs';
import { run } from './run.mjs';

/** What the tests need beside Node: real programs, since a stand-in for them would prove nothing. */
const needed = [
  {
    what: 'a Chrome, Chromium or Edge',
    find: findBrowser,
    packages: ['chromium', 'fonts-dejavu-core'],
    otherwise: 'install one (https://www.chromium.org) or set BALLAST_BROWSER to its path',
  },
  {
    what: 'nginx',
    find: () => findProgram('nginx'),
    packages: ['nginx-light'],
    otherwise: 'install it (macOS: brew install nginx) and see that it is on PATH',
  },
];

/**
 * Sees that browser and nginx are there, installing Debian's packages where that is allowed (root, apt).
 * @param {(line: string) => void} say
 * @throws with what to install, where it is not
 */
export async function ensurePrograms(say) {
  const missing = needed.filter(({ find }) => find() === undefined);
  if (missing.length === 0) return;
  const apt = findProgram('apt-get');
  if (apt && process.getuid?.() === 0) {
    const packages = missing.flatMap((each) => each.packages);
    say(`installing ${packages.join(' ')} (apt-get) ...`);
    // No questions, and no service started: the tests start their own nginx.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    /** @type {import('node:child_process').SpawnOptions} */
    const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] };
    await run(apt, ['-qq', 'update'], quiet);
    await run(apt, ['-qq', 'install', '-y', '--no-install-recommends', ...packages], quiet);
  }
  const still = missing.filter(({ find }) => find() === undefined);
  if (still.length === 0) return;
  throw new Error(
    still
      .map(({ what, packages, otherwise }) => {
        const debian = `Debian: apt-get install ${packages.join(' ')}`;
        return `the tests need ${what}; ${process.platform === 'linux' ? `${debian}; else ` : ''}${otherwise}`;
      })
      .join('\n'),
  );
}
