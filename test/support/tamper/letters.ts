import type { Cell as Column } from '../../../src/cli/table.ts';
import { isHarmless } from './harmless.ts';
import { isMissed, type Verdict } from './matrix.ts';

/** Who found them: L at load, R while running, V by `audit verify`; small where not each of them. */
export function lettersOf(all: readonly Verdict[]): Column {
  const of = all.filter(({ undone, impossible }) => !undone && !impossible);
  if (of.length === 0) return '-';
  if (of.some(isMissed)) return ['MISSED', 'red'];
  const by = (letter: string, among: readonly Verdict[], has: (each: Verdict) => unknown) =>
    among.length > 0 && among.every(has) ? letter : among.some(has) ? letter.toLowerCase() : '';
  const served = of.filter((each) => each.served);
  const letters = [
    by('L', served, ({ load }) => load),
    by('R', served, ({ running }) => running),
    by('V', of, ({ verify }) => verify),
  ].join('');
  return letters || (of.every(isHarmless) ? 'harmless' : '?');
}
