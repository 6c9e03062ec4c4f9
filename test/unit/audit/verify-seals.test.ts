import { describe, expect, it } from 'vitest';
import { verifyGroupSeals, verifySeals } from '../../../src/audit-verify/verify-seals.ts';
import { Findings, type SealedEvent } from '../../../src/kernel/audit.ts';
import {
  type Checkpoint,
  createRunKey,
  type RunKey,
  type StoredRun,
  sealHash,
} from '../../../src/kernel/audit-chain.ts';
import type { AuditPublicKey } from '../../../src/token/checkpoint.ts';
import { composeRunCertificate } from '../../../src/token/run-certificate.ts';
import { softwareKey } from '../../support/software-keys.ts';

const CURRENT = softwareKey('ES256');
const LOST = softwareKey('ES256');
const KEY: AuditPublicKey = {
  kid: CURRENT.kid,
  publicKey: CURRENT.publicKey,
  former: [{ kid: LOST.kid, publicKey: LOST.publicKey, lastCheckpoint: 5 }],
};
const RUN = createRunKey(1_760_000_000);

function certified(run: RunKey, key = CURRENT): StoredRun {
  const { privateKey: _, ...described } = run;
  const input = composeRunCertificate(described, run.startedAt, key.kid);
  return { ...described, certificate: `${input}.${key.sign(input).toString('base64url')}` };
}

function sealed(sequence: number, run: RunKey = RUN): SealedEvent {
  const hash = Buffer.alloc(32, sequence);
  const event = {
    time: 1,
    type: 't',
    actor: 'a',
    subject: 's',
    requestId: null,
    traceId: null,
    detailsJson: '{}',
  };
  return { ...event, sequence, hash, runId: run.id, seal: sealHash(run, 'audit', { sequence, hash }) };
}

const unsealed = (sequence: number): SealedEvent => ({ ...sealed(sequence), runId: null, seal: null });

function groupOf(sequence: number, run: RunKey = RUN) {
  const hash = Buffer.alloc(32, sequence);
  return { sequence, hash, runId: run.id, seal: sealHash(run, 'ledger', { sequence, hash }) };
}

/** A checkpoint of that number that saw two elements of each chain. */
function checkpointAt(number: number): Checkpoint {
  const head = { sequence: 2, hash: Buffer.alloc(32) };
  const heads = { audit: head, ledger: head, registry: head };
  return { number, previous: Buffer.alloc(32), time: 1, heads };
}

async function found(
  events: readonly SealedEvent[],
  runs: readonly StoredRun[],
  checkpoint?: Checkpoint,
): Promise<readonly (readonly string[])[]> {
  const findings = new Findings();
  await verifySeals(events, runs, KEY, checkpoint, findings);
  return findings.all().map(({ part, place, detail }) => [part, place, detail]);
}

async function foundInGroups(groups: ReturnType<typeof groupOf>[], run: StoredRun, checkpoint: Checkpoint) {
  const findings = new Findings();
  await verifyGroupSeals(groups, [run], KEY, checkpoint, findings);
  return findings.all().map(({ place, detail }) => [place, detail]);
}

describe('the seals of the audit trail', () => {
  it('are good where certified runs made them', async () => {
    expect(await found([sealed(1), sealed(2), sealed(3)], [certified(RUN)])).toEqual([]);
  });

  it('are good where the HSM has not certified the run yet', async () => {
    expect(await found([sealed(1)], [{ ...certified(RUN), certificate: null }])).toEqual([]);
  });

  it.each([
    ['is gone', unsealed(2), 'it has no seal'],
    ['is of another event', { ...sealed(2), seal: sealed(3).seal }, 'its seal is not that of its run'],
    ['names a run without one', { ...sealed(2), seal: null }, 'its seal is not that of its run'],
    ['is of no known run', sealed(2, createRunKey(1)), 'the run that sealed it is not in the database'],
  ])('are missed where one %s', async (_, event, detail) => {
    expect(await found([sealed(1), event], [certified(RUN)])).toEqual([['audit', 'event 2', detail]]);
  });

  it('are missed where the first event has none', async () => {
    expect(await found([unsealed(1), sealed(2)], [certified(RUN)])).toEqual([
      ['audit', 'event 1', 'it has no seal'],
    ]);
  });

  it('count for nothing where another key certified the run', async () => {
    const place = `run ${RUN.id}`;
    expect(await found([sealed(1)], [certified(RUN, softwareKey('ES256'))])).toEqual([
      ['runs', place, 'its certificate is not that of the audit key over it'],
    ]);
  });
});

describe('a run that a former audit key certified', () => {
  const run = certified(RUN, LOST);
  const detail = 'a former audit key certified the run that sealed it';

  it('counts up to the last checkpoint once a successor has taken one', async () => {
    const events = [sealed(1), sealed(2), sealed(3)];
    expect(await found(events, [run], checkpointAt(6))).toEqual([['audit', 'event 3', detail]]);
    expect(await found(events.slice(0, 2), [run], checkpointAt(6))).toEqual([]);
  });

  it('counts for all that it sealed until then', async () => {
    expect(await found([sealed(1), sealed(2), sealed(3)], [run], checkpointAt(5))).toEqual([]);
  });

  it('counts for groups of the ledger as far, and one of the audit key without an end', async () => {
    const groups = [groupOf(1), groupOf(2), groupOf(3)];
    expect(await foundInGroups(groups, run, checkpointAt(6))).toEqual([
      ['group 3', 'no certified run sealed it'],
    ]);
    expect(await foundInGroups(groups.slice(0, 2), run, checkpointAt(6))).toEqual([]);
    expect(await foundInGroups(groups, certified(RUN), checkpointAt(6))).toEqual([]);
  });
});
