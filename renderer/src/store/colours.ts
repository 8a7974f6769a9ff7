const count = 8;
const indexes = new Map<string, number>();

/**
 * The colour of a server, as a CSS value. It belongs to the address, not to a place in a list, so that a server keeps its
 * colour when it is dragged to another pool.
 */
export function serverColour(address: string): string {
  let index = indexes.get(address);
  if (index === undefined) {
    index = indexes.size % count;
    indexes.set(address, index);
  }
  return `var(--server-${index})`;
}
