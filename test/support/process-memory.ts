import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK = 4 * 1024 * 1024;
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \d+ *(.*)$/gm;
/** Of the kernel, and not to be read. */
const KERNELS = new Set(['[vvar]', '[vvar_vclock]', '[vsyscall]']);

/**
 * How often each of the byte strings stands in what a process can read of its own memory. The process must be a child
 * of this one, or of the same user where the system lets it.
 */
export function occurrencesInMemory(pid: number, sought: readonly Buffer[]): number[] {
  const counts = sought.map(() => 0);
  const overlap = Math.max(...sought.map(({ length }) => length)) - 1;
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const chunk = Buffer.alloc(CHUNK + overlap);
  try {
    for (const [, from = '', to = '', name = ''] of readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(
      MAPPING,
    )) {
      if (KERNELS.has(name)) continue;
      const end = Number.parseInt(to, 16);
      for (let at = Number.parseInt(from, 16); at < end; at += CHUNK) {
        const length = read(memory, chunk.subarray(0, Math.min(chunk.length, end - at)), at);
        for (const [index, bytes] of sought.entries()) {
          counts[index] = (counts[index] ?? 0) + count(chunk.subarray(0, length), bytes);
        }
      }
    }
    return counts;
  } finally {
    closeSync(memory);
    chunk.fill(0);
  }
}

/** Pages of a file that has become shorter, or that were unmapped meanwhile, cannot be read and hold nothing. */
function read(memory: number, into: Buffer, at: number): number {
  try {
    return readSync(memory, into, 0, into.length, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') return 0;
    throw error;
  }
}

function count(memory: Buffer, bytes: Buffer): number {
  let found = 0;
  for (let at = memory.indexOf(bytes); at >= 0; at = memory.indexOf(bytes, at + 1)) found += 1;
  return found;
}
