import { describe, expect, it, onTestFinished } from 'vitest';
import { openBeside } from '../../../src/db/open-engine.ts';
import { NO_ATTEMPTS, type PinPermit } from '../../../src/hsm/pin-permit.ts';
import type { PinPermitStore } from '../../../src/hsm/pin-permits.ts';
import { createPinPermitStore } from '../../../src/hsm/store.ts';
import { databaseOfTest } from '../../support/postgres/database-of-test.ts';
import { joinedFronts } from '../../support/postgres/joined.ts';
import { settingsFor } from '../../support/postgres/owned.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';

const TOKEN = { label: 'keyward', serial: '1' };
const OTHER = { label: 'keyward', serial: '2' };
const CLEARED = {
  type: 'hsm.pin_latch_cleared',
  actor: 'alice',
  subject: 'hsm:primary',
  requestId: null,
  details: {},
};

/** The stores of two fronts on one database, and what ends the second. */
async function stores() {
  const [one, two] = await joinedFronts();
  const of = ({ shared }: typeof one.store) => {
    if (!shared) throw new Error('the database is not shared');
    return createPinPermitStore(shared);
  };
  return { one: of(one.store), two: of(two.store), audit: one.store.audit, end: () => two.owner.release() };
}

const held = (front: string): PinPermit => ({
  attempts: 1,
  front,
  attempt: 'a',
  host: 'web-1 (process 7)',
  since: 9,
  rejection: null,
});
const rejected = (wasAccepted: boolean): PinPermit => ({
  ...held(''),
  rejection: { host: 'web-2 (process 8)', at: 10, wasAccepted },
});
const put = (store: PinPermitStore, permit: PinPermit) =>
  store.change(TOKEN, () => ({ permit, answer: null }));

describe.skipIf(NO_POSTGRES)(`permits to try PINs, on ${POSTGRES}`, () => {
  it('are those of all fronts, each of its token', async () => {
    const { one, two } = await stores();
    expect(await one.read(TOKEN)).toEqual(NO_ATTEMPTS);
    for (const permit of [held(one.front), rejected(true), rejected(false)]) {
      await put(one, permit);
      expect(await two.read(TOKEN)).toEqual(permit);
      expect(await two.read(OTHER)).toEqual(NO_ATTEMPTS);
    }
  });

  it('are given to one of those who ask at once', async () => {
    const { one, two } = await stores();
    const take = (store: PinPermitStore) =>
      store.change(TOKEN, ({ permit, isHeld }) =>
        isHeld ? { permit, answer: false } : { permit: held(store.front), answer: true },
      );
    const taken = await Promise.all([one, two, one, two].map(take));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it('are held as long as their front is there', async () => {
    const { one, two, end } = await stores();
    const isHeld = () => one.change(TOKEN, ({ permit, isHeld }) => ({ permit, answer: isHeld }));
    expect(await isHeld()).toBe(false);
    await put(two, held(two.front));
    expect(await isHeld()).toBe(true);
    await end();
    expect(await isHeld()).toBe(false);
    await put(one, held('of nobody'));
    expect(await isHeld()).toBe(false);
  });

  it('are cleared with an event of the trail, but not under an attempt', async () => {
    const { one, two, audit } = await stores();
    const before = (await audit.auditHead()).sequence;
    await put(two, held(two.front));
    await expect(one.clear(TOKEN, CLEARED, false)).rejects.toMatchObject({ code: 'hsm_unavailable' });
    expect((await audit.auditHead()).sequence).toBe(before);
    await put(two, rejected(true));
    await expect(one.clear(TOKEN, CLEARED, true)).rejects.toMatchObject({ code: 'proposal_outdated' });
    await one.clear(TOKEN, CLEARED, false);
    expect(await two.read(TOKEN)).toEqual(NO_ATTEMPTS);
    const told = await audit.lastAbout('hsm:primary', 'hsm.pin_latch_cleared');
    expect(told?.sequence).toBe(before + 1);
    const after = two.change(TOKEN, ({ permit, auditEnd }) => ({ permit, answer: auditEnd }));
    expect(await after).toBe(before + 1);
    await one.clear(TOKEN, CLEARED, true);
  });

  it('are asked beside the fronts by a command, which no front takes for one of them', async () => {
    const url = await databaseOfTest();
    const beside = await openBeside(settingsFor(url));
    if (!beside) throw new Error('the tables are there');
    onTestFinished(() => beside.close());
    const store = createPinPermitStore(beside);
    await put(store, held(store.front));
    expect(await store.read(TOKEN)).toEqual(held(store.front));
    expect(await store.change(TOKEN, ({ permit, isHeld }) => ({ permit, answer: isHeld }))).toBe(false);
  });

  it('are nobody’s before there are tables', async () => {
    expect(await openBeside(settingsFor(await databaseOfTest({ isEmpty: true })))).toBeUndefined();
    expect(await openBeside({ file: '/no/file' })).toBeUndefined();
  });
});
