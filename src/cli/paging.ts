import { wholeNumber } from './arguments.ts';

/** As the service has it where nothing is said. */
const USUAL = 100;

/** Of every list that comes in pages. */
export const LIMIT = [
  '--limit <count>',
  `at most so many, up to 1000 (default: ${USUAL})`,
  wholeNumber,
] as const;

/** Below a list that begins with the newest: how to see what comes after it; nothing where it was all. */
export function moreBefore(shown: readonly unknown[], last: number | undefined, limit = USUAL): string {
  return last === undefined || shown.length < limit ? '' : `\n\nThere may be more: --before ${last}`;
}
