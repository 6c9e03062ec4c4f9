import { describe, expect, it } from 'vitest';
import { runsToRepair } from '../../../src/audit/repair-runs.ts';
import { verifyRuns } from '../../../src/audit-verify/verify-seals.ts';
import { Findings } from '../../../src/kernel/audit.ts';
import { createRunKey, RUN_CERTIFIED, type StoredRun } from '../../../src/kernel/audit-chain.ts';
import { composeRunCertificate } from '../../../src/token/run-certificate.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { softwareKey } from '../../support/software-keys.ts';
import { auditEventsIn, query } from '../../support/store-database.ts';

const AUDIT_KEY = softwareKey('ES256');

function certified(key = AUDIT_KEY): StoredRun & { readonly certificate: string } {
  const { privateKey: _, ...run } = createRunKey(1_760_000_000);
  return { ...run, certificate: certificateOf(run, key) };
}

function certificateOf(run: Pick<StoredRun, 'id' | 'publicKey' | 'startedAt'>, key = AUDIT_KEY): string {
  const input = composeRunCertificate(run, run.startedAt, key.kid);
  return `${input}.${key.sign(input).toString('base64url')}`;
}

const RUN = certified();
const told = ({ id: runId, certificate }: ReturnType<typeof certified>) => [
  { sequence: 3, runId, certificate },
];

describe('the row of a run', () => {
  it('stays where it is as the trail has its certificate, or the trail has none', async () => {
    const uncertified = { ...certified(), certificate: null };
    expect(await runsToRepair([RUN, uncertified], told(RUN), AUDIT_KEY)).toEqual([]);
    expect(await runsToRepair([RUN], [], AUDIT_KEY)).toEqual([]);
  });

  const CHANGES: Partial<StoredRun>[] = [
    { certificate: null },
    { publicKey: certified().publicKey },
    { startedAt: 1 },
  ];
  it.each<[string, readonly StoredRun[], string]>([
    ['is gone', [], 'its row is gone; audit event 3 has its certificate'],
    ...CHANGES.map((change): [string, readonly StoredRun[], string] => [
      `has another ${Object.keys(change)[0]}`,
      [{ ...RUN, ...change }],
      'its row is not as it was written; audit event 3 has its certificate',
    ]),
  ])('is made again from its certificate where it %s', async (_, rows, why) => {
    expect(await runsToRepair(rows, told(RUN), AUDIT_KEY)).toEqual([{ run: RUN, why }]);
    const findings = new Findings();
    expect(await verifyRuns(rows, told(RUN), AUDIT_KEY, findings)).toEqual([RUN]);
    expect(findings.all()).toMatchObject([
      { part: 'runs', fault: rows.length === 0 ? 'gap' : 'bad_row', place: `run ${RUN.id}`, detail: why },
    ]);
  });

  it('is not made from what the audit key did not sign, or signed for another run', async () => {
    const foreign = certified(softwareKey('ES256'));
    expect(await runsToRepair([], told(foreign), AUDIT_KEY)).toEqual([]);
    expect(await runsToRepair([], [{ ...told(RUN)[0], runId: foreign.id } as never], AUDIT_KEY)).toEqual([]);
  });
});

describe('the certificate of a run', () => {
  it('goes into the trail with its row, which is made again and told of', async () => {
    const { store, file } = await openTestStore();
    const certificate = certificateOf(store.runs.own);
    query(file, 'DELETE FROM runs RETURNING 1');
    await store.runs.certify(certificate);
    expect(auditEventsIn(file)).toEqual([
      {
        type: RUN_CERTIFIED,
        actor: 'keyward',
        subject: 'runs',
        requestId: null,
        details: { run: store.runs.own.id, certificate },
      },
    ]);
    expect(await store.runs.all()).toEqual([store.runs.own]);
    expect(await store.runs.certificates()).toEqual([{ sequence: 1, runId: store.runs.own.id, certificate }]);
    const found: object[] = [];
    store.brokenEvents.subscribe((each) => found.push(each));
    await store.runs.repair(RUN, 'its row is gone');
    expect(await store.runs.find(RUN.id)).toEqual(RUN);
    expect(found).toEqual([{ place: `run ${RUN.id}`, why: 'its row is gone' }]);
  });
});
