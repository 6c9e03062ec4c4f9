import { expect, it } from 'vitest';
import { remembered } from '../../../src/audit/open-deliveries.ts';

const LATEST = { number: 7, auditSequence: 40, time: 1_760_000_000, jws: '' };
const FROM_THE_BEGINNING = { sequence: 0, checkpointNumber: 0 };

it('tells a sink again what came since the last checkpoint', () => {
  expect(remembered({ sequence: 44, checkpointNumber: 7 }, LATEST, 45)).toEqual({
    sequence: 40,
    checkpointNumber: 6,
  });
  expect(remembered({ sequence: 12, checkpointNumber: 3 }, LATEST, 45)).toEqual({
    sequence: 12,
    checkpointNumber: 3,
  });
});

it.each([
  ['an event', { sequence: 46, checkpointNumber: 7 }],
  ['a checkpoint', { sequence: 44, checkpointNumber: 8 }],
])('tells a sink everything where it is said to have %s that there is not', (_, position) => {
  expect(remembered(position, LATEST, 45)).toEqual(FROM_THE_BEGINNING);
});
