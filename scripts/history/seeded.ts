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

export interface Found {
  readonly name: string;
  readonly seed: number;
  readonly faults: readonly string[];
  /** Violations by property. */
  readonly violations: Readonly<Record<string, number>>;
  readonly hidden: string | undefined;
}

/**
 * Plays each in a copy of the checkout, or those alone that one of the named faults brings to light; throws where the source
 * is no longer what a replacement was written for.
 */
export async function playSeeded(
  { seed, faults }: Pick<Options, 'seed' | 'faults'>,
  report: (found: Found) => void,
): Promise<readonly Found[]> {
  const all: Found[] = [];
  const isChosen = (each: SeededFault) =>
    faults.length === 0 || each.faults.some((name) => faults.includes(name));
  for (const seeded of SEEDED.filter(isChosen)) {
    const found = await playOne(seeded, seed);
    report(found);
    all.push(found);
  }
  return all;
}

async function playOne(
  { name, replacements, faults, fronts = 1, rounds = 1, hidden }: SeededFault,
  seed: number,
): Promise<Found> {
  const copy = mkdtempSync(join(tmpdir(), 'keyward-seeded-'));
  try {
    for (const path of COPIED) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const replacement of replacements) replace(copy, replacement);
    const played = await historyOf(copy, [
      '--faults',
      faults.join(),
      '--fronts',
      String(fronts),
      '--rounds',
      String(rounds),
      '--seed',
      String(seed),
    ]);
    const violations: Record<string, number> = {};
    for (const { property } of played.flatMap((each) => each.violations))
      violations[property] = (violations[property] ?? 0) + 1;
    return { name, seed, faults, violations, hidden };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

export function replace(folder: string, { file, from, to }: Replacement): void {
  const path = join(folder, file);
  const parts = readFileSync(path, 'utf8').split(from);
  if (parts.length !== 2) throw new Error(`${file} does not have this once: ${from}`);
  writeFileSync(path, parts.join(to));
}

async function historyOf(folder: string, options: readonly string[]): Promise<readonly Played[]> {
  const script = join(folder, 'scripts/history.ts');
  const child = spawn(process.execPath, [script, '--json', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (said === '') throw new Error('the run ended before its results');
  return JSON.parse(said).played;
}
