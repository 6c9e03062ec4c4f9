import { describe, expect, it } from 'vitest';
import type { NewReport } from '../../../src/reports/case.ts';
import { suspicionCommitment } from '../../../src/reports/case.ts';
import { issuanceRecord } from '../../support/issuance-records.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { auditEventsIn, query } from '../../support/store-database.ts';
import { FOUND_NOTHING } from '../../support/token-findings.ts';

const NOON = 1_760_000_000;
const BOB = { operatorId: 'bob', requestId: null };
const numbered = (n: number) => `0000-000${n}`;
const report = (n: number, changes: Partial<NewReport> = {}): NewReport => ({
  number: numbered(n),
  scopeId: 'payments',
  digest: null,
  suspicion: { text: `odd ${n}`, contact: null },
  requestId: 'req-1',
  ...changes,
});

async function filed(...reports: readonly NewReport[]) {
  const { store, reports: kept, file } = await openTestStore();
  for (const each of reports) await kept.file(each);
  const told = () => auditEventsIn(file).filter(({ type }) => type.startsWith('report.'));
  const written = async (n: number) => (await kept.find(numbered(n))).suspicion;
  return { store, reports: kept, file, told, written };
}

describe('what somebody else wrote into the row of a report', () => {
  const OPEN = { open: 1, investigating: 0 };

  it.each(['closed', 'investigating'])('%s takes it out of no list, no count and no alarm', async (state) => {
    const { reports, file } = await filed(report(1));
    query(file, `UPDATE reports SET state = '${state}', examined = 1, closed_at = 1 RETURNING 1`);
    const numbers = (found: readonly { number: string }[]) => found.map(({ number }) => number);
    expect(numbers(await reports.untaken(NOON, 0, 10))).toEqual([numbered(1)]);
    expect(numbers(await reports.unexamined(NOON, 10))).toEqual([numbered(1)]);
    expect(numbers(await reports.list({ state: 'open' }, { limit: 10 }))).toEqual([numbered(1)]);
    expect(await reports.list({ state: 'closed' }, { limit: 10 })).toEqual([]);
    expect(await reports.countUnclosed()).toEqual(OPEN);
    expect(await reports.eraseClosed(NOON, 10)).toBe(0);
  });

  it('is passed over, too, where it opens what was closed', async () => {
    const { reports, file } = await filed(report(1));
    await reports.examined(numbered(1), FOUND_NOTHING);
    await reports.take(numbered(1), BOB);
    expect(await reports.countUnclosed()).toEqual({ open: 0, investigating: 1 });
    await reports.close(numbered(1), 'harmless', 'a test', BOB);
    query(file, `UPDATE reports SET state = 'open', examined = 0, closed_at = NULL RETURNING 1`);
    expect(await reports.untaken(NOON, 0, 10)).toEqual([]);
    expect(await reports.unexamined(NOON, 10)).toEqual([]);
    expect(await reports.countUnclosed()).toEqual({ open: 0, investigating: 0 });
  });
});

describe('a report', () => {
  it('commits with an audit event that fixes every value, what was written by its commitment alone', async () => {
    const digest = Buffer.alloc(32, 7);
    const { file, told } = await filed(report(1, { digest }));
    const [row] = query(file, 'SELECT * FROM reports');
    const commitment = suspicionCommitment(row?.suspicion_salt as Uint8Array, row?.suspicion_json as string);
    expect(told()).toEqual([
      {
        type: 'report.filed',
        actor: 'keyward',
        subject: 'report:0000-0001',
        requestId: 'req-1',
        details: {
          sequence: 1,
          scope: 'payments',
          digest: digest.toString('base64url'),
          suspicion_commitment: commitment.toString('base64url'),
        },
      },
    ]);
    expect(row).toMatchObject({ suspicion_json: '{"text":"odd 1","contact":null}', received_at: NOON });
  });

  it('of a number that is taken is refused, and changes nothing', async () => {
    const { reports, told } = await filed(report(1));
    await expect(reports.file(report(1))).rejects.toMatchObject({ code: 'internal' });
    expect(told()).toHaveLength(1);
  });

  it('is found by its number, another is unknown', async () => {
    const { reports } = await filed(report(1));
    expect(await reports.find(numbered(1))).toEqual({
      erasure: null,
      sequence: 1,
      number: '0000-0001',
      scopeId: 'payments',
      receivedAt: NOON,
      digest: null,
      suspicion: { text: 'odd 1', contact: null },
      state: 'open',
      owner: null,
      steps: [],
      findings: null,
      sameToken: [],
    });
    await expect(reports.find(numbered(2))).rejects.toMatchObject({ code: 'unknown_report' });
  });

  it('is shown with the other reports of its token', async () => {
    const [digest, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const { reports } = await filed(
      report(1, { digest }),
      report(2, { digest: other }),
      report(3, { digest }),
      report(4),
    );
    const same = async (n: number) => (await reports.find(numbered(n))).sameToken;
    expect([await same(1), await same(2), await same(3), await same(4)]).toEqual([
      [numbered(3)],
      [],
      [numbered(1)],
      [],
    ]);
  });

  it('is listed the newest first, by state and scope, a page at a time', async () => {
    const { reports } = await filed(report(1), report(2, { scopeId: 'mail' }), report(3), report(4));
    await reports.take(numbered(1), ALICE);
    await reports.close(numbered(3), 'harmless', 'a test', ALICE);
    const listed = async (...[query, page]: Parameters<typeof reports.list>) =>
      (await reports.list(query, page)).map(({ sequence }) => sequence);
    expect(await listed({}, { limit: 10 })).toEqual([4, 3, 2, 1]);
    expect(await listed({}, { limit: 2, before: 4 })).toEqual([3, 2]);
    expect(await listed({ state: 'open' }, { limit: 10 })).toEqual([4, 2]);
    expect(await listed({ state: 'investigating' }, { limit: 10 })).toEqual([1]);
    expect(await listed({ state: 'closed' }, { limit: 10 })).toEqual([3]);
    expect(await listed({ scopeId: 'mail' }, { limit: 10 })).toEqual([2]);
    expect(await listed({ scopeId: 'mail', state: 'closed' }, { limit: 10 })).toEqual([]);
  });
});

describe('what becomes of a report', () => {
  it('is added with an audit event each, the findings by their hash', async () => {
    const { reports, told } = await filed(report(1));
    await reports.examined(numbered(1), FOUND_NOTHING);
    await reports.take(numbered(1), ALICE);
    await reports.note(numbered(1), 'asked', ALICE);
    const closed = await reports.close(numbered(1), 'confirmed', 'revoked', BOB);
    expect(closed).toMatchObject({ state: 'closed', owner: 'alice', findings: FOUND_NOTHING });
    const step = {
      subject: 'report:0000-0001',
      details: { outcome: null, note: null, findings_digest: null },
    };
    expect(told().slice(1)).toMatchObject([
      {
        ...step,
        type: 'report.examined',
        actor: 'keyward',
        details: { step: 1, findings_digest: expect.any(String) },
      },
      { ...step, type: 'report.taken', actor: 'alice', details: { step: 2, findings_digest: null } },
      { ...step, type: 'report.noted', actor: 'alice', details: { step: 3, note: 'asked' } },
      {
        ...step,
        type: 'report.closed',
        actor: 'bob',
        details: { step: 4, outcome: 'confirmed', note: 'revoked' },
      },
    ]);
  });

  it('is not written twice: who has a case takes it, what was looked into is looked into', async () => {
    const { reports, told } = await filed(report(1));
    for (const findings of [null, FOUND_NOTHING]) await reports.examined(numbered(1), findings);
    for (const actor of [ALICE, ALICE, BOB]) await reports.take(numbered(1), actor);
    expect((await reports.find(numbered(1))).findings).toBeNull();
    expect(told().map(({ type, actor }) => [type, actor])).toEqual([
      ['report.filed', 'keyward'],
      ['report.examined', 'keyward'],
      ['report.taken', 'alice'],
      ['report.taken', 'bob'],
    ]);
  });

  it('ends with its close', async () => {
    const { reports, told } = await filed(report(1));
    await reports.close(numbered(1), 'unclear', 'a test', ALICE);
    const before = told();
    for (const late of [
      reports.take(numbered(1), BOB),
      reports.note(numbered(1), 'late', BOB),
      reports.close(numbered(1), 'confirmed', 'late', BOB),
    ]) {
      await expect(late).rejects.toMatchObject({ code: 'report_closed' });
    }
    expect(told()).toEqual(before);
  });
});

describe('what was written', () => {
  it('goes when somebody has it erased, once, and the case stays', async () => {
    const { reports, told, written } = await filed(report(1), report(2));
    await reports.close(numbered(1), 'unclear', 'a test', ALICE);
    await reports.erase(numbered(1), ALICE);
    expect(await reports.erase(numbered(1), ALICE)).toMatchObject({ suspicion: null, state: 'closed' });
    expect(await written(2)).toEqual({ text: 'odd 2', contact: null });
    expect(told().filter(({ type }) => type === 'report.erased')).toEqual([
      {
        type: 'report.erased',
        actor: 'alice',
        subject: 'report:0000-0001',
        requestId: 'req-1',
        details: { reports: 1 },
      },
    ]);
    await expect(reports.erase(numbered(3), ALICE)).rejects.toMatchObject({ code: 'unknown_report' });
  });

  it('goes with a subject: of reports by them, and of reports of their tokens, in archives too', async () => {
    const { store, reports, file, told, written } = await filed(
      report(1, { suspicion: { text: 'odd', contact: ' Mallory ' } }),
      report(2, { digest: issuanceRecord(0).digest }),
      report(3, { digest: issuanceRecord(1).digest }),
      report(4, { suspicion: { text: 'mallory', contact: 'mallory jr' } }),
    );
    await store.records.append(issuanceRecord(0, { subject: 'mallory' }));
    await store.ledger.archives.seal({ committedBefore: NOON + 86_401, expiredBefore: NOON + 86_400 });
    while ((await store.ledger.archives.drop()) > 0);
    await store.records.append(issuanceRecord(1, { subject: 'bob' }));
    const erased = await store.ledger.erasure.eraseSubject('mallory', ALICE);
    expect(erased).toEqual({ records: 1, events: 0, reports: 2 });
    expect([await written(1), await written(2)]).toEqual([null, null]);
    expect([await written(3), await written(4)]).toEqual([
      { text: 'odd 3', contact: null },
      { text: 'mallory', contact: 'mallory jr' },
    ]);
    expect(told().filter(({ type }) => type === 'report.erased')).toMatchObject([
      { actor: 'alice', subject: 'report:0000-0001', details: { reports: 1 } },
      { actor: 'alice', subject: 'report:0000-0002', details: { reports: 1 } },
    ]);
    expect(auditEventsIn(file).find(({ type }) => type === 'ledger.erasure_requested')).toMatchObject({
      details: { security_events: 0 },
    });
    const erasures = (await reports.list({}, { limit: 9 })).map(({ erasure }) => erasure);
    const byAlice = { by: 'alice', at: expect.any(Number) };
    expect(erasures).toEqual([null, null, byAlice, byAlice]);
  });
});
