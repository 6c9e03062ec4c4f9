import type { Config } from '../config.ts';
import { KeywardError } from '../kernel/errors.ts';

/** Flags that open a debugger or write memory and environment to disk. */
const REVEALING = /^--(?:inspect|report|heapsnapshot|heap-prof|cpu-prof|diagnostic-dir)(?:[-=]|$)/;

/** Refuses to start a production service whose memory could be read through Node itself (I8). */
export function refuseRevealingFlags(
  { mode }: Pick<Config, 'mode'>,
  flags: readonly string[],
  nodeOptions: string,
): void {
  if (mode !== 'production') return;
  const revealing = [...flags, ...nodeOptions.split(/\s+/)]
    .map(asDocumented)
    .find((flag) => REVEALING.test(flag));
  if (revealing !== undefined) {
    const name = revealing.split('=')[0];
    throw new KeywardError(
      'invalid_config',
      `production mode does not start with ${name}: it reveals memory`,
    );
  }
  if (!flags.includes('--disable-sigusr1')) {
    throw new KeywardError(
      'invalid_config',
      'production mode needs node --disable-sigusr1: SIGUSR1 opens a debugger',
    );
  }
}

/** Node takes underscores for hyphens, and quotes within NODE_OPTIONS. */
function asDocumented(flag: string): string {
  return flag.replaceAll(/["\\]/g, '').replaceAll('_', '-');
}
