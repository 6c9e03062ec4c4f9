import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { chosenFaults } from '../../../../scripts/history/faults.ts';
import { SEEDED } from '../../../../scripts/history/seeded-faults.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

it.each(SEEDED)(
  'the place of a fault in the source is there, once: $name',
  ({ replacements, faults, fronts }) => {
    for (const { file, from } of replacements)
      expect(readFileSync(`${ROOT}/${file}`, 'utf8').split(from)).toHaveLength(2);
    expect(chosenFaults('postgres', faults, fronts)).toHaveLength(faults.length);
  },
);
