import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Options } from './options.ts';
import type { Played } from './run.ts';
import { type Replacement, SEEDED, type SeededFault } from './seeded-faults.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'scripts', 'test/support', 'package.json', 'tsconfig.json'];

/** What a history shows depends on the moment: one that does not show a fault is followed by one of the next seed. */
const MOST_HISTORIES = 5;

export interface Found {
  readonly name: string;
  /** Of the history that showed it, or of the last. */
  readonly seed: number;
  readonly histories: number;
  readonly faults: readonly string[];
  /** Violations by property. */
  readonly violations: Readonly<Record<string, number>>;
  readonly hidden: string | undefined;
}

/**
 * Plays each in a copy of the checkout, or those alone that one of the named faults brings to light, and with several
 * fronts those that need several; throws where the source is no longer what a replacement was written for.
 */
export async function playSeeded(
  { seed, faults, fronts }: Pick<Options, 'seed' | 'faults' | 'fronts'>,
  report: (found: Found) => void,
): Promise<readonly Found[]> {
  const all: Found[] = [];
  const isChosen = (each: SeededFault) =>
    (faults.length === 0 || each.faults.some((name) => faults.includes(name))) &&
    (fronts === 1 || each.fronts !== undefined);
  for (const seeded of SEEDED.filter(isChosen)) {
    const found = await playOne(seeded, seed);
    report(found);
    all.push(found);
  }
  return all;
}

async function playOne(seeded: SeededFault, seed: number): Promise<Found> {
  const { name, replacements, faults, hidden } = seeded;
  const copy = mkdtempSync(join(tmpdir(), 'keyward-seeded-'));
  try {
    for (const path of COPIED) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const replacement of replacements) replace(copy, replacement);
    for (let histories = 1; ; histories += 1) {
      const own = seed + histories - 1;
      const violations = violationsIn(await historyOf(copy, seeded, own));
      const isOver =
        Object.keys(violations).length > 0 || hidden !== undefined || histories === MOST_HISTORIES;
      if (isOver) return { name, seed: own, histories, faults, violations, hidden };
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function violationsIn(played: readonly Played[]): Found['violations'] {
  const counts: Record<string, number> = {};
  for (const { property } of played.flatMap(({ violations }) => violations))
    counts[property] = (counts[property] ?? 0) + 1;
  return counts;
}

export function replace(folder: string, { file, from, to }: Replacement): void {
  const path = join(folder, file);
  const parts = readFileSync(path, 'utf8').split(from);
  if (parts.length !== 2) throw new Error(`${file} does not have this once: ${from}`);
  writeFileSync(path, parts.join(to));
}

async function historyOf(
  folder: string,
  { faults, fronts = 1, rounds = 1 }: SeededFault,
  seed: number,
): Promise<readonly Played[]> {
  const script = join(folder, 'scripts/history.ts');
  const options = { faults, fronts, rounds, seed };
  const argv = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, [script, '--json', ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (said === '') throw new Error('the run ended before its results');
  return JSON.parse(said).played;
}
