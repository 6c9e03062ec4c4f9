import { describe, expect, it } from 'vitest';
import { SharedProposals } from '../../../src/access/store/shared-proposals.ts';
import { lendProof } from '../../../src/db/proven-reads.ts';
import type { TrxReader } from '../../../src/db/schema.ts';
import type { Proposal } from '../../../src/kernel/acts.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { proposalSample } from '../../contract/proposal-store-contract.ts';
import { openTestStore, type TestStores } from '../../support/open-test-store.ts';
import { joinedFronts } from '../../support/postgres/joined.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { queryDatabase } from '../../support/store-database.ts';

const BOB = { operatorId: 'bob', requestId: 'req-2' };
const REFUSED = { state: 'failed', failure: { code: 'audit_trail_refused' } };
const NOW = 1_760_000_000;
let now = NOW;
const clock = { nowSeconds: () => now };

const latched = (id: string, change: Partial<Proposal> = {}) =>
  proposalSample(id, {
    act: 'hsm.clear_pin_latch',
    subject: 'hsm:primary',
    parameters: { token: 'primary' },
    before: { state: 'rejected', attempts: 0, host: 'a' },
    after: { state: 'clear', attempts: 0 },
    ...change,
  });
const memoryOf = async (store: Pick<TestStores, 'reader' | 'writer'>, reader: TrxReader = store.reader) => {
  const memory = new SharedProposals({ reader, writer: store.writer, clock });
  await memory.follow();
  return memory;
};
const approve = (memory: SharedProposals, id = 'first') =>
  memory.move(id, 'open', { state: 'executing', decidedBy: 'bob', decidedAt: now }, BOB);

/** The memories of two fronts over one database, which others can write to. */
async function twoMemories() {
  now = NOW;
  const { store, database } = await openTestStore({ clock });
  return {
    store,
    ours: await memoryOf(store),
    theirs: await memoryOf(store),
    tamper: (sql: string) => queryDatabase(database, sql),
    /** 32 bytes as the engine writes them. */
    bytes: (hex: string) => (database.postgres ? `'\\x${hex}'::bytea` : `x'${hex}'`),
    last: async () => {
      const [row] = await queryDatabase(database, 'SELECT max(sequence) AS last FROM audit_events');
      return Number(row?.last);
    },
  };
}

it('what one front opens and decides the others know, to the last value, and one that begins later too', async () => {
  const { store, ours, theirs } = await twoMemories();
  await ours.add(latched('first'), ALICE);
  expect(theirs.find('first')).toBeUndefined();
  await theirs.follow();
  expect(theirs.all()).toEqual([latched('first')]);
  await approve(theirs);
  const failure = { code: 'hsm_unavailable', detail: 'away' } as const;
  await theirs.move('first', 'executing', { state: 'failed', failure }, BOB);
  const decided = latched('first', { state: 'failed', decidedBy: 'bob', decidedAt: NOW, failure });
  await ours.follow();
  for (const memory of [ours, theirs, await memoryOf(store)]) expect(memory.all()).toEqual([decided]);
});

it('nothing is decided twice, whether a front has heard of the decision or not', async () => {
  const { ours, theirs } = await twoMemories();
  for (const id of ['first', 'second']) await ours.add(latched(id), ALICE);
  await theirs.follow();
  await approve(ours);
  expect(theirs.find('first')?.state).toBe('open');
  await expect(approve(theirs)).rejects.toMatchObject({ code: 'proposal_executed' });
  await expect(theirs.move('first', 'open', { state: 'expired' }, BOB)).rejects.toMatchObject({
    code: 'proposal_executed',
  });
  await approve(theirs, 'second');
});

it('a front that begins knows what is open, and of what is expired nothing', async () => {
  const { store, ours } = await twoMemories();
  await ours.add(latched('first', { expiresAt: NOW + 60 }), ALICE);
  await ours.add(latched('second', { expiresAt: NOW + 120 }), ALICE);
  now = NOW + 60;
  expect((await memoryOf(store)).all().map(({ id }) => id)).toEqual(['second']);
});

it('what is open is found behind any number of other events, and proposals of other acts are none of these', async () => {
  const { store, ours } = await twoMemories();
  await ours.add(latched('first'), ALICE);
  await store.proposals.add(proposalSample('signed'), ALICE);
  for (let n = 0; n < 1_100; n += 1) {
    await store.audit.record({ type: 't', actor: 'a', subject: 's', requestId: null, details: {} });
  }
  await ours.add(latched('second'), ALICE);
  const theirs = await memoryOf(store);
  expect(theirs.all()).toEqual([latched('second'), latched('first')]);
  await approve(theirs);
});

it('what an earlier version opened is not known elsewhere, since it told less', async () => {
  const { store, ours, theirs } = await twoMemories();
  const { act, subject, parameters, expiresAt: expires_at } = latched('first');
  const details = { act, subject, parameters, changes: [], expires_at };
  await store.audit.record({
    type: 'proposal.opened',
    actor: 'alice',
    subject: 'proposal:first',
    requestId: null,
    details,
  });
  await ours.add(latched('second'), ALICE);
  await theirs.follow();
  expect(theirs.all()).toEqual([latched('second')]);
});

it('what standbys may lack is not taken over', async () => {
  const { store, ours } = await twoMemories();
  const lost = new KeywardError('store_unavailable', 'too few standbys');
  let isProven = false;
  const theirs = new SharedProposals({
    ...store,
    clock,
    reader: {
      read: (query) =>
        store.reader.read((trx) => {
          lendProof(trx, async () => {
            if (!isProven) throw lost;
          });
          return query(trx);
        }),
    },
  });
  await ours.add(latched('first'), ALICE);
  await expect(theirs.follow()).rejects.toBe(lost);
  expect(theirs.all()).toEqual([]);
  isProven = true;
  await theirs.follow();
  expect(theirs.find('first')?.state).toBe('open');
});

describe('whoever writes to the database', () => {
  it.each([
    ['of another type', `type = 'proposal.seen'`],
    ['about another proposal', `subject = 'proposal:second'`],
    ['of a time that nothing can have', 'time = -1'],
    ['of nobody', `run_id = NULL, seal = NULL, actor = 'mallory'`],
  ])('makes of a decision one %s, and nothing that was open before is decided', async (_, change) => {
    const { store, ours, theirs, tamper, last } = await twoMemories();
    await ours.add(latched('first'), ALICE);
    await theirs.follow();
    await approve(ours);
    await tamper(`UPDATE audit_events SET ${change} WHERE sequence = ${await last()}`);
    await store.audit.record({ type: 't', actor: 'a', subject: 's', requestId: null, details: {} });
    const later = await memoryOf(store);
    await theirs.follow();
    for (const memory of [theirs, later]) {
      expect(memory.find('first')).toMatchObject(REFUSED);
      await expect(approve(memory)).rejects.toMatchObject({ code: 'proposal_closed' });
    }
    await theirs.add(latched('second'), ALICE);
    await later.follow();
    await approve(later, 'second');
  });

  it('takes a decision away, and nothing that was open before is decided', async () => {
    const { store, ours, theirs, tamper, last } = await twoMemories();
    await ours.add(latched('first'), ALICE);
    await theirs.follow();
    await approve(ours);
    await store.audit.record({ type: 't', actor: 'a', subject: 's', requestId: null, details: {} });
    await tamper(`DELETE FROM audit_events WHERE sequence = ${(await last()) - 1}`);
    await expect(approve(theirs)).rejects.toMatchObject({ code: 'proposal_closed' });
    expect((await memoryOf(store)).find('first')).toMatchObject(REFUSED);
  });

  it('takes away the end of the trail that a front knows, and what is open there is decided no more', async () => {
    const { ours, tamper, last } = await twoMemories();
    for (const id of ['first', 'second']) await ours.add(latched(id), ALICE);
    await approve(ours);
    await tamper(`DELETE FROM audit_events WHERE sequence = ${await last()}`);
    await ours.follow();
    expect(ours.find('first')?.state).toBe('executing');
    expect(ours.find('second')).toMatchObject(REFUSED);
  });

  it('opens nothing by a row of their own, and decides nothing', async () => {
    const { store, ours, theirs, tamper, last, bytes } = await twoMemories();
    await ours.add(latched('first'), ALICE);
    await theirs.follow();
    const opened = await last();
    const plant = (n: number, change: string) =>
      tamper(`INSERT INTO audit_events (sequence, time, type, actor, subject, details_json, hash, run_id, seal)
        SELECT sequence + ${n}, time, ${change}, details_json, ${bytes(`0${n}`.repeat(32))}, run_id, seal
        FROM audit_events WHERE sequence = ${opened}`);
    await plant(1, `type, 'mallory', 'proposal:planted'`);
    await plant(2, `'proposal.executed', actor, subject`);
    await theirs.follow();
    for (const memory of [theirs, await memoryOf(store)]) {
      expect(memory.find('planted')).toBeUndefined();
      expect(memory.find('first')).toMatchObject(REFUSED);
      await expect(approve(memory, 'planted')).rejects.toMatchObject({ code: 'unknown_proposal' });
    }
    await tamper(`DELETE FROM audit_events WHERE sequence > ${opened}`);
    await theirs.follow();
    await ours.add(latched('second'), ALICE);
    await theirs.follow();
    await approve(theirs, 'second');
  });
});

describe.skipIf(NO_POSTGRES)(`two fronts on ${POSTGRES}`, () => {
  it('that decide at once: one of them does', async () => {
    now = NOW;
    const fronts = await joinedFronts();
    const memories = await Promise.all(fronts.map(({ store }) => memoryOf(store)));
    const [ours] = memories;
    for (const id of ['1', '2', '3', '4', '5']) {
      await ours?.add(latched(id), ALICE);
      await Promise.all(memories.map((memory) => memory.follow()));
      const both = await Promise.allSettled(memories.map((memory) => approve(memory, id)));
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'proposal_executed' },
      });
    }
  });
});
