import { describe, expect, it } from 'vitest';
import { evidenceCommitment } from '../../../src/events/evidence-commitment.ts';
import { eraseEvidence } from '../../../src/events/store/erase-evidence.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { auditEventsAt, queryDatabase, type TestDatabase } from '../../support/store-database.ts';

const NOON = 1_760_000_000;
const report = (n: number, evidence: object = { claims: { sub: `user-${n}` } }): SecurityEventReport => ({
  type: 'token.never_issued',
  severity: 'critical',
  dedupKey: `digest-${n}`,
  subject: 'key:kid-1',
  evidence: { ...evidence },
});
const OPEN = { state: 'open', acknowledged: null, resolved: null } as const;
const raisedIn = async (database: TestDatabase) =>
  (await auditEventsAt(database)).filter(({ type }) => type === 'security_event.raised');

describe('security events', () => {
  it('are stored once for each key of their type', async () => {
    const { store, database } = await openTestStore();
    const { securityEvents: events } = store;
    expect(await events.raise(report(1))).toBe(true);
    expect(await events.raise(report(1, { claims: { sub: 'another' } }))).toBe(false);
    expect(await events.raise({ ...report(1), type: 'clock.jump' })).toBe(true);
    expect(await Promise.all([events.raise(report(2)), events.raise(report(2))])).toEqual([true, false]);
    expect(await raisedIn(database)).toHaveLength(3);
    const { store: again } = await openTestStore({ database });
    expect(await again.securityEvents.raise(report(1))).toBe(false);
  });

  it('are told once more by a run that cannot check the seal of what was told, beside that', async () => {
    const { store, database } = await openTestStore();
    await store.securityEvents.raise(report(1));
    const { store: again } = await openTestStore({ database, trusted: [] });
    expect(await again.securityEvents.raise(report(1))).toBe(true);
    expect(await again.securityEvents.raise(report(1))).toBe(false);
    expect(await queryDatabase(database, 'SELECT count(*) AS n FROM security_events')).toEqual([{ n: 2 }]);
    expect(await raisedIn(database)).toHaveLength(2);
  });

  it('are not silenced by an audit event that somebody rewrote as if it told of them', async () => {
    const { store, database } = await openTestStore();
    const { securityEvents: events } = store;
    await events.raise(report(1));
    const [{ audit_sequence: at } = {}] = await queryDatabase(
      database,
      'SELECT audit_sequence FROM security_events',
    );
    await queryDatabase(database, `UPDATE security_events SET dedup_key = 'digest-2' RETURNING 1`);
    await queryDatabase(
      database,
      `UPDATE audit_events SET details_json = replace(details_json, 'digest-1', 'digest-2')
       WHERE sequence = ${at} RETURNING 1`,
    );
    expect(await events.raise(report(2))).toBe(true);
    expect(await events.raise(report(2))).toBe(false);
    expect((await raisedIn(database)).at(-1)?.details.dedup_key).toMatch(/^digest-2 /);
  });

  it('are not silenced by a row that somebody wrote beforehand', async () => {
    const { store, database } = await openTestStore();
    const { securityEvents: events } = store;
    await events.raise(report(1));
    await queryDatabase(
      database,
      `INSERT INTO security_events
       SELECT 7, raised_at, type, severity, 'digest-2', subject, evidence_json, evidence_salt, evidence_commitment, 999
       FROM security_events RETURNING 1`,
    );
    expect(await events.raise(report(2))).toBe(true);
    expect(await events.raise(report(2))).toBe(false);
    expect((await raisedIn(database)).map(({ details }) => details.dedup_key)).toEqual([
      'digest-1',
      'digest-2',
    ]);
  });

  it('keep what evidence holds of a token, U+0000 too', async () => {
    const { securityEvents: events } = (await openTestStore()).store;
    const evidence = { claims: { 'a\0': ['\0', { b: 'c\0d' }] } };
    await events.raise(report(1, evidence));
    expect((await events.list({}, { limit: 1 })).map((event) => event.evidence)).toEqual([evidence]);
  });

  it('are listed the newest first, a page at a time, with their evidence', async () => {
    const { securityEvents: events } = (await openTestStore()).store;
    for (const n of [1, 2, 3]) await events.raise(report(n));
    expect(await events.list({}, { limit: 1 })).toEqual([
      { ...report(3), sequence: 3, raisedAt: NOON, ...OPEN },
    ]);
    expect((await events.list({}, { before: 3, limit: 5 })).map(({ sequence }) => sequence)).toEqual([2, 1]);
  });

  it('commit with an audit event that fixes every value, the evidence by its commitment alone', async () => {
    const { store, database } = await openTestStore();
    await store.securityEvents.raise(report(1));
    const [row] = await queryDatabase(database, 'SELECT * FROM security_events');
    const commitment = evidenceCommitment(row?.evidence_salt as Uint8Array, row?.evidence_json as string);
    expect(Buffer.from(row?.evidence_commitment as Uint8Array)).toEqual(commitment);
    expect(await raisedIn(database)).toEqual([
      {
        type: 'security_event.raised',
        actor: 'keyward',
        subject: 'key:kid-1',
        requestId: null,
        details: {
          sequence: 1,
          type: 'token.never_issued',
          severity: 'critical',
          dedup_key: 'digest-1',
          evidence_commitment: commitment.toString('base64url'),
        },
      },
    ]);
    const [event] = await queryDatabase(
      database,
      "SELECT sequence FROM audit_events WHERE type = 'security_event.raised'",
    );
    expect(row?.audit_sequence).toBe(event?.sequence);
  });

  it('lose the personal values about one subject alone, and their commitment stays provable', async () => {
    const { store, database } = await openTestStore();
    const { writer, securityEvents: events } = store;
    for (const n of [1, 2]) await events.raise(report(n));
    const [before] = await queryDatabase(database, 'SELECT evidence_commitment FROM security_events');
    expect(await writer.transaction((trx) => eraseEvidence(trx, 'user-1'))).toBe(1);
    const [row] = await queryDatabase(database, 'SELECT * FROM security_events WHERE sequence = 1');
    expect(row).toMatchObject({ ...before });
    expect(String(row?.evidence_json)).not.toContain('user-1');
    expect(evidenceCommitment(row?.evidence_salt as Uint8Array, row?.evidence_json as string)).toEqual(
      Buffer.from(row?.evidence_commitment as Uint8Array),
    );
    expect((await events.list({}, { limit: 5 })).map(({ evidence }) => evidence)).toEqual([
      { claims: { sub: 'user-2' } },
      { claims: null },
    ]);
  });
});
