/** Versions that differ in what they can be told, newest first. */
export const nginxVersions = [
  { id: '1.31', label: '1.31', detail: 'Mainline' },
  { id: '1.29.7', label: '1.29.7', detail: 'Sticky sessions, drain, kept connections by default' },
  { id: '1.28', label: '1.28', detail: 'Stable' },
  { id: '1.22', label: '1.22', detail: 'Debian 12' },
] as const;

const key = 'ballast-nginx-version';

/** What was chosen last in this browser; what most people run, at first. */
export function rememberedVersion(): string {
  const stored = localStorage.getItem(key);
  return nginxVersions.find(({ id }) => id === stored)?.id ?? '1.28';
}

export function rememberVersion(version: string): void {
  localStorage.setItem(key, version);
}
