import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { TrailWalk } from '../../../src/audit/trail-walk.ts';
import { AUDIT_GENESIS, auditEventHash } from '../../../src/kernel/audit-chain.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

const ADA = { operatorId: 'ada', requestId: 'req-1' };

async function walking() {
  const { store, file } = await openTestStore();
  const revoke = (jti: string) => {
    const nothing = { root: null, clientId: null, issuedFrom: null, issuedUntil: null, lapsesAt: null };
    const made = { createdAt: NOON.nowSeconds(), revokedBy: 'ada', reason: '' };
    return store.revocations.append({ scopeId: 'payments', jti, ...nothing, ...made }, ADA);
  };
  for (const jti of ['one', 'two', 'three']) await revoke(jti);
  const walk = new TrailWalk(
    store.revocations,
    () => false,
    () => undefined,
  );
  const step = async () => (await walk.step()).revocations;
  return { step, revoke, store, file };
}

describe('revocations beside the trail', () => {
  it('finds nothing round after round, with new revocations between', async () => {
    const { step, revoke } = await walking();
    for (const jti of ['four', 'five']) {
      expect(await step()).toBeUndefined();
      await revoke(jti);
    }
    expect(await step()).toBeUndefined();
  });

  it.each([
    [
      'an edited row',
      'UPDATE revocations SET lapses_at = 1 WHERE sequence = 2',
      { place: 'revocation 2', why: 'audit event 2 tells it otherwise' },
    ],
    [
      'a deleted row',
      'DELETE FROM revocations WHERE sequence = 2',
      { place: 'revocation 2', why: 'it is gone' },
    ],
    [
      'a deleted end',
      'DELETE FROM revocations WHERE sequence = 3',
      { place: 'revocation 3', why: 'it is gone' },
    ],
    [
      'a number that no JavaScript holds',
      `INSERT INTO revocations SELECT 9223372036854775807, created_at, scope_id, jti, root, root_salt, root_commitment,
     client_id, issued_from, issued_until, lapses_at, revoked_by, reason, instead_of, 999 FROM revocations
     WHERE sequence = 1`,
      { place: 'behind event 0', why: 'a number in it is larger than any that the service writes' },
    ],
  ])('finds %s in every round, once', async (_, sql, found) => {
    const { step, file } = await walking();
    query(file, `${sql} RETURNING 1`);
    for (const round of [1, 2]) expect([round, await step()]).toEqual([round, found]);
  });

  it('takes for the one that is gone what was made again for it, and no other of its number', async () => {
    const { step, store, file } = await walking();
    const gone = { place: 'revocation 3', why: 'it is gone' };
    query(file, 'DELETE FROM revocations WHERE sequence = 3 RETURNING 1');
    const { store: next } = await openTestStore({ file });
    const made = { createdAt: NOON.nowSeconds(), revokedBy: 'ada', reason: '' };
    const nothing = { root: null, clientId: null, issuedFrom: null, issuedUntil: null, lapsesAt: null };
    const other = await next.revocations.append({ scopeId: 'payments', jti: 'x', ...nothing, ...made }, ADA);
    expect([other.sequence, await step()]).toEqual([3, gone]);
    const rule = { scopeId: 'payments', jti: 'three', ...nothing, ...made };
    await next.revocations.makeAgain([{ rule, insteadOf: 3 }], 3);
    expect(await step()).toBeUndefined();
    query(file, 'UPDATE revocations SET lapses_at = 1 WHERE sequence = 4 RETURNING 1');
    expect(await step()).toEqual(gone);
    await store.close();
  });
});

/** More than one step reads. */
const EVENTS = 2_500;

/** A trail of so many events, written past the service. */
function write(file: string, count: number, actor = 'alice'): void {
  const db = new DatabaseSync(file);
  db.exec('BEGIN; DELETE FROM audit_events');
  const add = db.prepare(
    `INSERT INTO audit_events (sequence, time, type, actor, subject, details_json, hash) VALUES (?, 100, 't', ?, 's', '{}', ?)`,
  );
  let { hash } = AUDIT_GENESIS;
  for (let sequence = 1; sequence <= count; sequence++) {
    const event = {
      sequence,
      time: 100,
      type: 't',
      actor,
      subject: 's',
      requestId: null,
      traceId: null,
      detailsJson: '{}',
    };
    hash = auditEventHash(hash, event);
    add.run(sequence, actor, hash);
  }
  db.exec('COMMIT');
  db.close();
}

/** A trail, and what is found from its beginning to its end: two steps. */
async function trail() {
  const { store, file } = await openTestStore();
  write(file, EVENTS);
  const walk = new TrailWalk(
    store.revocations,
    () => false,
    () => undefined,
  );
  const round = async () => {
    const found = [await walk.step(), await walk.step()];
    return found.map(({ audit }) => audit).filter((each) => each !== undefined);
  };
  return { file, round };
}

describe('the chain of the trail', () => {
  it('holds while it grows, in any round', async () => {
    const { file, round } = await trail();
    expect(await round()).toEqual([]);
    for (const _ of [1, 2]) {
      write(file, EVENTS + 100);
      expect(await round()).toEqual([]);
    }
  });

  it('is broken where the content of an event was changed, once a round', async () => {
    const { file, round } = await trail();
    query(file, `UPDATE audit_events SET actor = 'mallory' WHERE sequence IN (301, 2400) RETURNING 1`);
    const found = [{ place: 'event 301', why: 'its content and the event before it do not give its hash' }];
    expect(await round()).toEqual(found);
    expect(await round()).toEqual(found);
  });

  it('is broken where an event has a number that no JavaScript holds', async () => {
    const { file, round } = await trail();
    query(file, 'UPDATE audit_events SET time = 9223372036854775807 WHERE sequence = 2100 RETURNING 1');
    const found = {
      place: 'behind event 2000',
      why: 'a number in it is larger than any that the service writes',
    };
    expect(await round()).toEqual([found]);
  });

  it('is walked on where a revocation has such a number', async () => {
    const { file, round } = await trail();
    query(
      file,
      `INSERT INTO revocations SELECT 1, 9223372036854775807, 'payments', NULL, NULL, NULL, zeroblob(32), NULL, NULL, NULL,
       NULL, 'ada', '', NULL, 5 RETURNING 1`,
    );
    query(file, `UPDATE audit_events SET actor = 'mallory' WHERE sequence = 2400 RETURNING 1`);
    const why = 'its content and the event before it do not give its hash';
    expect(await round()).toEqual([{ place: 'event 2400', why }]);
  });

  it('is broken where an event is gone', async () => {
    const { file, round } = await trail();
    query(file, 'DELETE FROM audit_events WHERE sequence = 10 RETURNING 1');
    expect(await round()).toEqual([{ place: 'event 10', why: 'it is gone' }]);
  });

  it('is broken where it was written anew, and where its end was cut off, once the former was seen', async () => {
    const { file, round } = await trail();
    expect(await round()).toEqual([]);
    write(file, EVENTS, 'mallory');
    expect(await round()).toEqual([{ place: `event ${EVENTS}`, why: 'the chain up to it was written anew' }]);
    write(file, EVENTS - 20);
    const cut = { place: `event ${EVENTS - 19}`, why: 'all from here on is gone' };
    expect(await round()).toEqual([cut]);
    expect(await round()).toEqual([cut]);
  });
});
