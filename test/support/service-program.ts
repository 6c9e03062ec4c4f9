import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the run of tests keeps the service that it built of these sources: `build-service.ts`. */
const { TEST_PROGRAM: BUILT, NODE_COMPILE_CACHE } = process.env;

/** What `scripts/keyward` runs. */
export const SOURCE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const SIGNER_SOURCE = fileURLToPath(new URL('../../src/signer/process.ts', import.meta.url));

/** The same, built where the run of tests did so. */
export const COMMAND_LINE = BUILT ? join(BUILT, 'keyward.js') : SOURCE;
export const SIGNER_PROCESS = BUILT ? join(BUILT, 'signer.js') : SIGNER_SOURCE;

const compiled = BUILT ? join(BUILT, 'compiled') : NODE_COMPILE_CACHE;

/** For the environment of a process, which else compiles its code anew at each start. */
export const CODE_CACHE: Readonly<Record<string, string>> =
  compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled };
