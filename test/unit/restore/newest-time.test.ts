import { expect, it } from 'vitest';
import { databaseCheckpoint, newestTime } from '../../../src/audit/sink-checkpoints.ts';
import { composeCheckpoint } from '../../../src/token/checkpoint.ts';
import { CHECKPOINT } from '../../support/checkpoint-samples.ts';
import { softwareKey } from '../../support/software-keys.ts';

const KEY = softwareKey('ES256');
const OTHER = softwareKey('ES256');
const NOW = 1_800_000_000;

function checkpoint(number: number, time: number, by = KEY) {
  const signingInput = composeCheckpoint({ ...CHECKPOINT, number, time }, KEY.kid);
  return { number, jws: `${signingInput}.${by.sign(signingInput).toString('base64url')}` };
}
const sink = (of: ReturnType<typeof checkpoint>) => ({
  name: 'file:audit.jsonl',
  tail: { event: undefined, checkpoint: of },
});

it('is the time that the checkpoint with the highest number was signed with', async () => {
  const witnesses = [sink(checkpoint(7, NOW)), sink(checkpoint(8, NOW + 60)), sink(checkpoint(3, NOW - 60))];
  expect(await newestTime(witnesses, KEY)).toBe(NOW + 60);
});

it('is not that of an older checkpoint which a wrong clock dated later', async () => {
  expect(await newestTime([sink(checkpoint(7, NOW + 40 * 86_400)), sink(checkpoint(8, NOW))], KEY)).toBe(NOW);
});

it('is not pushed by what another key signed, nor by columns of the database', async () => {
  const forged = sink(checkpoint(9, NOW + 40 * 86_400, OTHER));
  const row = { ...checkpoint(7, NOW), time: NOW + 40 * 86_400, auditSequence: 3 };
  expect(await newestTime([forged, databaseCheckpoint(row)], KEY)).toBe(NOW);
  expect(await newestTime([forged], KEY)).toBeUndefined();
});
