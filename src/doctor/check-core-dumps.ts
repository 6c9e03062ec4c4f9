import { readFileSync } from 'node:fs';
import { forbidCoreDumps } from '../signer/hygiene.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const PATTERN = '/proc/sys/kernel/core_pattern';

/** Takes the measures that front and signer take, in this process, and reads what the kernel does with cores. */
export function checkCoreDumps(): readonly Finding[] {
  return [measures(), pattern(read(PATTERN))];
}

function measures(): Finding {
  const { problems } = forbidCoreDumps();
  if (problems.length === 0) return ok('core dumps', 'processes can keep their memory out of core dumps');
  return fail(
    'core dumps',
    problems.join('; '),
    'install util-linux (prlimit), and let the service write /proc/self/coredump_filter',
  );
}

export function pattern(value: string | undefined): Finding {
  const check = 'core pattern';
  if (value === undefined) return warn(check, `${PATTERN} cannot be read`, 'look at it as root');
  if (!value.startsWith('|')) return ok(check, 'cores would go to files, which the limit of 0 prevents');
  return warn(
    check,
    `the kernel pipes cores to ${value.slice(1).split(' ')[0]} and then ignores the limit of 0`,
    'only coredump_filter protects memory now; better: sysctl kernel.core_pattern=core',
  );
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
