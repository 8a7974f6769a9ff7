/** 32 bits, unsigned, from text: FNV-1a, then stirred so that texts that differ in the last letter differ everywhere. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return stir(hash);
}

/** One hash of two, in which neither can be told from the other's result. Unsigned. */
export function mixHash(left: number, right: number): number {
  return stir(Math.imul(left ^ 0x9e3779b9, 0x85ebca6b) + stir(right ^ left));
}

/** The finalizer of MurmurHash3. */
function stir(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
