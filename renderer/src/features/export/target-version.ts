/** Versions that differ in what they can be told, newest first. */
export const nginxVersions = [
  { id: '1.29.7', label: '1.29.7', detail: 'Sticky cookies, drain, connections kept by default' },
  { id: '1.28', label: '1.28', detail: 'Stable: no sticky cookies' },
  { id: '1.22', label: '1.22', detail: 'Debian 12: no sticky cookies' },
] as const;

const key = 'ballast-nginx-version';

/** What was chosen last in this browser; at first the one the command line takes. */
export function rememberedVersion(): string {
  const stored = localStorage.getItem(key);
  return nginxVersions.find(({ id }) => id === stored)?.id ?? '1.22';
}

export function rememberVersion(version: string): void {
  localStorage.setItem(key, version);
}
