import { expect, it } from 'vitest';
import { missingFrom } from '../../../src/restore/missing-from.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const NOON = 1_760_000_000;
const DAY = 86_400;

/** Its last group was committed at noon; an hour later it told of something, by a clock that was days ahead. */
async function storeOf() {
  let now = NOON;
  const { store } = await openTestStore({ clock: { nowSeconds: () => now } });
  await store.records.append(issuanceRecord(1));
  now = NOON + 9 * DAY;
  const about = { actor: 'keyward', subject: 'service', requestId: null, details: {} };
  await store.audit.record({ type: 'service.started', ...about });
  return store;
}

it('is a minute before the last group, whatever audit events are dated', async () => {
  const { reader } = await storeOf();
  const now = NOON + 3_600;
  expect(await missingFrom(reader, { now, checkpointAt: undefined })).toBe(NOON - 60);
});

it('is later where a signed checkpoint was, but never after the clock or a group that is missing', async () => {
  const { reader } = await storeOf();
  const now = NOON + 3_600;
  expect(await missingFrom(reader, { now, checkpointAt: NOON + 600 })).toBe(NOON + 540);
  expect(await missingFrom(reader, { now, checkpointAt: NOON + 9 * DAY })).toBe(now - 60);
  const missingAt = NOON + 700;
  expect(await missingFrom(reader, { now, checkpointAt: NOON + 9 * DAY, missingAt })).toBe(missingAt - 60);
  expect(await missingFrom(reader, { now: NOON - 5, checkpointAt: undefined })).toBe(NOON - 65);
});
