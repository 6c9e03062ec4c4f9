import { fileURLToPath } from 'node:url';
import type { Launch, RunningService } from '../running-service.ts';
import { CODE_CACHE } from '../service-program.ts';

const PRELOAD = fileURLToPath(new URL('preload.ts', import.meta.url));

/** Many services are started: compiling their code costs half of a start. */
const KEPT_CODE = fileURLToPath(new URL('../../../node_modules/.cache/keyward', import.meta.url));

/** Starts a service whose repeating timers a test can run at once. */
export const HURRIED: Launch = {
  flags: ['--import', PRELOAD],
  environment: { NODE_COMPILE_CACHE: KEPT_CODE, ...CODE_CACHE },
};

/** Runs everything that the service does from time to time. */
export function hurry({ process: { pid } }: RunningService): void {
  if (pid !== undefined) process.kill(pid, 'SIGUSR2');
}
