import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';

const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \d+ *(.*)$/gm;
/** Of the kernel, and not to be read. */
const KERNELS = new Set(['[vvar]', '[vvar_vclock]', '[vsyscall]']);
const PAGE = 4_096;
const ENTRY = 8;
/** Bit 63 of an entry in `pagemap`, in its last byte. */
const IS_PRESENT = 0x80;

/** Every page that a process can read of its own memory, at one moment: no core dump of it holds more. */
export function coreImage(pid: number): Buffer[] {
  process.kill(pid, 'SIGSTOP');
  const [memory, pages] = [openSync(`/proc/${pid}/mem`, 'r'), openSync(`/proc/${pid}/pagemap`, 'r')];
  try {
    const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
    return [...maps.matchAll(MAPPING)]
      .filter(([, , , name = '']) => !KERNELS.has(name))
      .flatMap(([, from = '', to = '']) =>
        presentParts(pages, Number.parseInt(from, 16), Number.parseInt(to, 16)),
      )
      .map(({ from, length }) => part(memory, from, length));
  } finally {
    closeSync(memory);
    closeSync(pages);
    process.kill(pid, 'SIGCONT');
  }
}

/** A page that was never touched holds nothing; most of what V8 reserves was not. */
function presentParts(pages: number, from: number, to: number): { from: number; length: number }[] {
  const entries = Buffer.alloc(((to - from) / PAGE) * ENTRY);
  readSync(pages, entries, 0, entries.length, (from / PAGE) * ENTRY);
  const parts: { from: number; length: number }[] = [];
  for (let at = 0; at < entries.length; at += ENTRY) {
    if (((entries[at + ENTRY - 1] ?? 0) & IS_PRESENT) === 0) continue;
    const address = from + (at / ENTRY) * PAGE;
    const last = parts.at(-1);
    if (last && last.from + last.length === address) last.length += PAGE;
    else parts.push({ from: address, length: PAGE });
  }
  return parts;
}

function part(memory: number, from: number, length: number): Buffer {
  const into = Buffer.allocUnsafeSlow(length);
  try {
    return into.subarray(0, readSync(memory, into, 0, length, from));
  } catch (error) {
    // Of a file that has become shorter.
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    return into.subarray(0, 0);
  }
}

/** What gdb's `gcore` writes of it, which goes by `coredump_filter` as the kernel does. */
export function gcoreImage(pid: number, prefix: string): Buffer {
  execFileSync('gcore', ['-o', prefix, String(pid)], { stdio: 'pipe' });
  const file = `${prefix}.${pid}`;
  const image = readFileSync(file);
  rmSync(file);
  return image;
}
