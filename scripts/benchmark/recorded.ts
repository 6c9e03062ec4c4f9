import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Ratio } from './ratios.ts';

const FILE = fileURLToPath(new URL('../../docs/performance.json', import.meta.url));
const MOST_LOST = 0.15;

/** Ratios by name, of the last full run. */
export interface Recorded {
  readonly measured: Readonly<Record<string, string>>;
  readonly ratios: Readonly<Record<string, number>>;
  readonly byCpu: Readonly<Record<string, number>>;
}

export function recordRatios(measured: Recorded['measured'], ratios: readonly Ratio[]): void {
  const recorded: Recorded = {
    measured,
    ratios: Object.fromEntries(ratios.map(({ name, value }) => [name, rounded(value)])),
    byCpu: Object.fromEntries(
      ratios.flatMap(({ name, byCpu }) => (byCpu === undefined ? [] : [[name, rounded(byCpu)]])),
    ),
  };
  writeFileSync(FILE, `${JSON.stringify(recorded, undefined, 2)}\n`);
}

export function readRecorded(): Recorded {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Each ratio that has fallen by more than 15 %. */
export function fallenRatios(ratios: readonly Ratio[], recorded: Recorded): readonly string[] {
  return ratios.flatMap(({ name, value, byCpu }) => [
    ...fall(name, value, recorded.ratios[name]),
    ...fall(`${name}, by CPU time`, byCpu, recorded.byCpu[name]),
  ]);
}

function fall(name: string, now: number | undefined, before: number | undefined): readonly string[] {
  if (now === undefined || before === undefined || now >= before * (1 - MOST_LOST)) return [];
  return [`${name}: ${now.toFixed(2)}, was ${before.toFixed(2)}`];
}

function rounded(value: number): number {
  return Math.round(1_000 * value) / 1_000;
}
