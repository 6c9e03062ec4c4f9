import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the run of tests keeps the service that it built of these sources: `build-service.ts`. */
const { TEST_PROGRAM: BUILT, NODE_COMPILE_CACHE } = process.env;

/** What is built, by the names of the files. */
export const SOURCES = {
  keyward: 'src/cli/main.ts',
  signer: 'src/signer/process.ts',
  'crashed-front': 'scripts/crash/front-process.ts',
};

const sourceOf = (name: keyof typeof SOURCES) =>
  fileURLToPath(new URL(`../../${SOURCES[name]}`, import.meta.url));
const program = (name: keyof typeof SOURCES) => (BUILT ? join(BUILT, `${name}.js`) : sourceOf(name));

/** What `scripts/keyward` runs. */
export const SOURCE = sourceOf('keyward');
/** The same, built where the run of tests did so. */
export const COMMAND_LINE = program('keyward');
export const SIGNER_PROCESS = program('signer');
export const CRASHED_FRONT = program('crashed-front');

const compiled = BUILT ? join(BUILT, 'compiled') : NODE_COMPILE_CACHE;

/** For the environment of a process, which else compiles its code anew at each start. */
export const CODE_CACHE: Readonly<Record<string, string>> =
  compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled };
