const LEAST_BYTES = 12;
const BLOCKS = 1 << 16;

/**
 * Which of many byte strings stand in an image, in one pass over it (Wu and Manber). Each has at least twelve bytes:
 * a shorter one would be found by chance.
 */
export function finderOf(sought: readonly Buffer[]): (image: readonly Buffer[]) => ReadonlySet<Buffer> {
  const window = Math.min(...sought.map(({ length }) => length));
  if (window < LEAST_BYTES) throw new Error('too short to tell');
  const shifts = new Uint8Array(BLOCKS).fill(Math.min(window - 1, 255));
  const ending = new Map<number, Buffer[]>();
  for (const bytes of sought) {
    for (let end = 1; end < window; end += 1) {
      const block = blockAt(bytes, end);
      shifts[block] = Math.min(shifts[block] ?? 0, window - 1 - end);
    }
    const last = blockAt(bytes, window - 1);
    ending.set(last, [...(ending.get(last) ?? []), bytes]);
  }
  return (image) => {
    const found = new Set<Buffer>();
    for (const part of image) search(part, found);
    return found;
  };

  function search(part: Buffer, found: Set<Buffer>): void {
    for (let end = window - 1; end < part.length; ) {
      const block = blockAt(part, end);
      const shift = shifts[block] ?? 1;
      if (shift > 0) {
        end += shift;
        continue;
      }
      const from = end - window + 1;
      for (const bytes of ending.get(block) ?? []) {
        if (part.compare(bytes, 0, bytes.length, from, Math.min(from + bytes.length, part.length)) === 0) {
          found.add(bytes);
        }
      }
      end += 1;
    }
  }
}

function blockAt(bytes: Buffer, end: number): number {
  return ((bytes[end - 1] ?? 0) << 8) | (bytes[end] ?? 0);
}
