import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { chosenFaults } from '../../scripts/history/faults.ts';
import type { Engine } from '../../scripts/history/options.ts';
import { run } from '../../scripts/history/run.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';

async function expectWordKept(engine: Engine, names: readonly string[], fronts = 1): Promise<void> {
  const faults = chosenFaults(engine, names, fronts);
  const { played, folder } = await run({ engine, fronts, rounds: 1, seed: 1 }, faults);
  expect(played.map(({ fault }) => fault).sort()).toEqual([...names].sort());
  expect(played.flatMap(({ violations }) => violations)).toEqual([]);
  expect(played.every(({ acknowledged }) => acknowledged > 0)).toBe(true);
  rmSync(folder, { recursive: true });
}

it('keeps its word while the front is killed', () => expectWordKept('sqlite', ['front-killed']));

it.skipIf(NO_POSTGRES)(`keeps its word while ${POSTGRES} fails over, and answers to commits are lost`, () =>
  expectWordKept('postgres', ['primary-killed', 'reset-in-commit']),
);

it.skipIf(NO_POSTGRES)('keeps its word while the front that leads is killed, and another is cut off', () =>
  expectWordKept('postgres', ['leader-killed', 'front-cut'], 2),
);
