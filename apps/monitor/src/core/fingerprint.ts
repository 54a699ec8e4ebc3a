const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

/**
 * Twelve hexadecimal digits that stand for `parts`: FNV-1a (64 bits), folded. The same failure gets the same id whoever
 * looks at it and however often, so it is never recorded twice.
 */
export function fingerprint(...parts: readonly string[]): string {
  let hash = OFFSET;
  for (const byte of new TextEncoder().encode(parts.join('\0'))) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  const folded = (hash ^ (hash >> 48n)) & 0xffffffffffffn;
  return folded.toString(16).padStart(12, '0');
}
