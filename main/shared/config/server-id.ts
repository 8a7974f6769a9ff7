/** The id by which state, contract and interface know a server: unique within a configuration. */
export function serverId(poolName: string, serverName: string): string {
  return `${poolName}/${serverName}`;
}
