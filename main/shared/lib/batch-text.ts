/** How a request shared its connection, for a person: `number 2 of 4 on one connection`. */
export function batchText(batch: {
  readonly place: number;
  readonly size: number;
  readonly apart: string | null;
}): string {
  const shared = `number ${batch.place} of ${batch.size} on one connection`;
  return batch.apart === null ? shared : `${shared}, then sent again by itself: ${batch.apart}`;
}
