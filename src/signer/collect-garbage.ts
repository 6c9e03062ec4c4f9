import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: NodeJS.GCFunction = runInNewContext('gc');

/**
 * Collects everything that nothing refers to, and gives the pages it lay on back to the system: what a string held
 * is in this process's memory no more. A collection of any other flavour leaves the bytes where they are.
 */
export function collectGarbage(): void {
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
