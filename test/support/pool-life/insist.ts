/** @throws Error with that text, unless it holds */
export function insist(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
