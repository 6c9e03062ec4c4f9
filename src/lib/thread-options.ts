import { getCompileCacheDir } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import type { WorkerOptions } from 'node:worker_threads';

/** A thread keeps little between two messages. At the flag's size the one that walks the ledger held 16 MB more. */
const MOST_YOUNG_MB = 6;

/**
 * Nothing of the process's environment but where its compiled code is kept: a thread compiles none of it anew. And a heap
 * of its own size, which V8 heeds only once no flag names one: this thread has taken over the flag's at its start.
 */
export function threadOptions(): WorkerOptions {
  setFlagsFromString('--max-semi-space-size=0');
  const folder = getCompileCacheDir();
  return {
    env: folder === undefined ? {} : { NODE_COMPILE_CACHE: folder },
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: MOST_YOUNG_MB },
  };
}
