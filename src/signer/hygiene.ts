import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { errorMessage } from '../lib/text.ts';

/** What keeps this process's memory out of core dumps, and what of it failed; `doctor` shows the same. */
interface CoreDumpFinding {
  readonly ok: boolean;
  readonly problems: readonly string[];
}

const FILTER = '/proc/self/coredump_filter';
const LIMITS = '/proc/self/limits';
const LIMIT_IS_ZERO = /^Max core file size\s+0\s+0\s/m;

const MEASURES: readonly (readonly [measure: string, take: () => void])[] = [
  ['coredump_filter could not be set to 0', excludeMemory],
  ['the core size limit could not be set to 0', limitSize],
];

/** To be called before any secret is read (I8). Children inherit both settings. Never throws. */
export function forbidCoreDumps(): CoreDumpFinding {
  const problems = MEASURES.flatMap(([failure, take]) => {
    try {
      take();
      return [];
    } catch (error) {
      return [`${failure}: ${errorMessage(error)}`];
    }
  });
  return { ok: problems.length === 0, problems };
}

function excludeMemory(): void {
  writeFileSync(FILTER, '0');
  const mask = readFileSync(FILTER, 'utf8').trim();
  if (Number.parseInt(mask, 16) !== 0) throw new Error(`it reads back as ${mask}`);
}

/** Node has no setrlimit; prlimit (util-linux) may lower its caller's limits without privileges. */
function limitSize(): void {
  if (LIMIT_IS_ZERO.test(readFileSync(LIMITS, 'utf8'))) return;
  execFileSync('prlimit', ['--pid', String(process.pid), '--core=0:0'], { stdio: 'pipe', timeout: 5_000 });
  if (!LIMIT_IS_ZERO.test(readFileSync(LIMITS, 'utf8'))) throw new Error('it reads back as not 0');
}
