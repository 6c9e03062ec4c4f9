import { describe, expect, it } from 'vitest';
import { evidenceCommitment } from '../../../src/domain/evidence-commitment.ts';
import type { SecurityEventReport } from '../../../src/domain/security-events.ts';
import { eraseEvidence } from '../../../src/store/erase-evidence.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { openTestWriter } from '../../support/open-test-writer.ts';
import { auditEventsIn, query } from '../../support/store-database.ts';

const NOON = 1_760_000_000;
const report = (n: number, evidence: object = { claims: { sub: `user-${n}` } }): SecurityEventReport => ({
  type: 'token.never_issued',
  severity: 'critical',
  dedupKey: `digest-${n}`,
  subject: 'key:kid-1',
  evidence: { ...evidence },
});
const OPEN = { state: 'open', acknowledged: null, resolved: null } as const;
const raisedIn = (file: string) => auditEventsIn(file).filter(({ type }) => type === 'security_event.raised');

describe('security events', () => {
  it('are stored once for each key of their type', async () => {
    const { store, file } = await openTestStore();
    const { securityEvents: events } = store;
    expect(await events.raise(report(1))).toBe(true);
    expect(await events.raise(report(1, { claims: { sub: 'another' } }))).toBe(false);
    expect(await events.raise({ ...report(1), type: 'clock.jump' })).toBe(true);
    expect(await Promise.all([events.raise(report(2)), events.raise(report(2))])).toEqual([true, false]);
    expect(raisedIn(file)).toHaveLength(3);
    const { store: again } = await openTestStore({ file });
    expect(await again.securityEvents.raise(report(1))).toBe(false);
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
    const { store, file } = await openTestStore();
    await store.securityEvents.raise(report(1));
    const [row] = query(file, 'SELECT * FROM security_events');
    const commitment = evidenceCommitment(row?.evidence_salt as Uint8Array, row?.evidence_json as string);
    expect(Buffer.from(row?.evidence_commitment as Uint8Array)).toEqual(commitment);
    expect(raisedIn(file)).toEqual([
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
    const [event] = query(file, "SELECT sequence FROM audit_events WHERE type = 'security_event.raised'");
    expect(row?.audit_sequence).toBe(event?.sequence);
  });

  it('lose the evidence about one subject, with its salt, and keep the commitment', async () => {
    const { writer, file } = await openTestWriter();
    const { securityEvents: events } = (await openTestStore({ file })).store;
    for (const n of [1, 2]) await events.raise(report(n));
    const [before] = query(file, 'SELECT evidence_commitment FROM security_events');
    expect(await writer.transaction((trx) => eraseEvidence(trx, 'user-1'))).toBe(1);
    expect(query(file, 'SELECT * FROM security_events WHERE sequence = 1')).toMatchObject([
      { evidence_json: null, evidence_salt: null, ...before },
    ]);
    expect((await events.list({}, { limit: 5 })).map(({ evidence }) => evidence)).toEqual([
      { claims: { sub: 'user-2' } },
      null,
    ]);
  });
});
