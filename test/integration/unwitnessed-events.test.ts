import { copyFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditEventHash } from '../../src/kernel/audit-chain.ts';
import { restoreTables } from '../support/restore-tables.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { query } from '../support/store-database.ts';

const DEADLINE_MS = 120_000;
/** No checkpoint but the first and those that something asks for. */
const config = { audit: { checkpoint_seconds: 3_600, checkpoint_events: 100_000 } };
let service: RunningService;

beforeAll(async () => {
  service = await startService({ twoPersons: true, config });
  await service.provision({ id: 'payments' });
}, DEADLINE_MS);

afterAll(() => service.remove());

const database = () => service.configFile.replace(/config\.yaml$/, 'keyward.db');

/** No sink has seen anything: so only the seals can stand for what no checkpoint covers. */
const forgetSink = () => rmSync(service.configFile.replace(/config\.yaml$/, 'audit.jsonl'), { force: true });

/** Ends the service without a word, and starts it anew after `meanwhile`. */
async function killed(meanwhile: () => void = () => {}): Promise<void> {
  service.process.kill('SIGKILL');
  await service.stop();
  forgetSink();
  meanwhile();
  service = await service.restart();
}

/** An event that follows from the end of the trail as far as hashes tell. */
function append(type: string, actor: string, subject: string, details: object): number {
  const db = new DatabaseSync(database(), { timeout: 5_000 });
  try {
    const last = db.prepare('SELECT * FROM audit_events ORDER BY sequence DESC LIMIT 1').get();
    const [sequence, time] = [Number(last?.sequence) + 1, Number(last?.time)];
    const detailsJson = JSON.stringify(details);
    const event = { sequence, time, type, actor, subject, requestId: null, traceId: null, detailsJson };
    const hash = auditEventHash(last?.hash as Uint8Array, event);
    db.prepare(
      `INSERT INTO audit_events (sequence, time, type, actor, subject, details_json, hash, run_id, seal)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, zeroblob(64))`,
    ).run(sequence, time, type, actor, subject, detailsJson, hash, last?.run_id ?? null);
    return sequence;
  } finally {
    db.close();
  }
}

const unwitnessed = async () =>
  (await service.operations('GET', '/v1/admin/audit/unwitnessed')).body.unwitnessed as readonly object[];
const stateOfEvent = async (sequence: number) =>
  (await service.operations('GET', `/v1/admin/events/${sequence}`)).body.event.state;

it(
  'starts without a person after a kill: its own events are sealed',
  async () => {
    await service.operations('POST', '/v1/admin/clients/payments-verify/revoke');
    await killed();
    expect(await unwitnessed()).toEqual([]);
    expect(query(database(), `SELECT type FROM audit_events WHERE type = 'audit.unwitnessed'`)).toEqual([]);
  },
  DEADLINE_MS,
);

it(
  'passes over an acknowledgement that nobody witnessed, until two persons confirm it',
  async () => {
    let [step, raised] = [0, 0];
    await killed(() => {
      raised = forgeEvent();
      step = append('security_event.acknowledged', 'mallory', `security_event:${raised}`, {
        step: 1,
        note: null,
      });
      query(
        database(),
        `INSERT INTO case_log (sequence, case_kind, case_id, step, taken_by, taken_at, audit_sequence)
         SELECT 1, 'security_event', '${raised}', 'acknowledged', actor, time, sequence FROM audit_events WHERE sequence = ${step}`,
      );
    });
    expect(service.log).toContainEqual(expect.objectContaining({ event: 'audit.unwitnessed', to: step }));
    expect(await unwitnessed()).toMatchObject([{ from: step - 1, to: step }]);
    const [told] = query(database(), `SELECT sequence FROM audit_events WHERE type = 'audit.unwitnessed'`);
    expect(told?.sequence).toBe(step + 1);
    expect(
      query(database(), `SELECT severity FROM security_events WHERE type = 'audit.unwitnessed'`),
    ).toEqual([{ severity: 'critical' }]);
    expect(await stateOfEvent(raised)).toBe('open');
    const alone = await service.operations('POST', '/v1/admin/audit/confirm-unwitnessed', { reason: 'seen' });
    expect([alone.status, await stateOfEvent(raised)]).toEqual([202, 'open']);
    await service.operations(
      'POST',
      `/v1/admin/proposals/${alone.body.proposal.id}/approve`,
      undefined,
      service.approver,
    );
    expect([await unwitnessed(), await stateOfEvent(raised)]).toEqual([[], 'acknowledged']);
    service = await service.restart();
    expect([await unwitnessed(), await stateOfEvent(raised)]).toEqual([[], 'acknowledged']);
  },
  DEADLINE_MS,
);

it(
  'changes nothing more once somebody else wrote to the end of the trail, and says so outside of it',
  async () => {
    const before = service.log.length;
    append('review.signed_off', 'mallory', 'reviews', {});
    const answer = await service.operations('POST', '/v1/admin/clients/payments-sign/revoke');
    expect([answer.status, answer.body.code]).toEqual([503, 'audit_trail_refused']);
    expect(service.log.slice(before)).toContainEqual(
      expect.objectContaining({ event: 'audit.chain_broken', level: 60 }),
    );
    const metrics = (await service.operations('GET', '/metrics')).body as string;
    expect(metrics).toContain(
      'keyward_security_events_total{type="audit.chain_broken",severity="critical"} 1',
    );
    await killed();
    expect(await unwitnessed()).toHaveLength(1);
    await service.act('POST', '/v1/admin/audit/confirm-unwitnessed', { reason: 'a test' });
  },
  DEADLINE_MS,
);

it(
  'does not start on older tables of the registry, and does with the newer ones',
  async () => {
    await service.stop();
    const [older, newer] = [`${database()}.older`, `${database()}.newer`];
    copyFileSync(database(), older);
    service = await service.restart();
    await service.operations('POST', '/v1/admin/clients/payments-sign/revoke');
    service.process.kill('SIGKILL');
    await service.stop();
    forgetSink();
    // Without the checkpoint that covers the change.
    query(database(), 'DELETE FROM checkpoints WHERE number > (SELECT max(number) - 1 FROM checkpoints)');
    copyWhole(database(), newer);
    restoreTables(database(), older, [
      'clients',
      'credentials',
      'registry_rows',
      'registry_buckets',
      'registry_head',
    ]);
    await expect(service.restart()).rejects.toThrow('some tables were put back from an older copy');
    copyWhole(newer, database());
    service = await service.restart();
    const { body } = await service.operations('GET', '/v1/admin/clients/payments-sign');
    expect(body.client.revoked_at).toEqual(expect.any(Number));
  },
  DEADLINE_MS,
);

/** A critical event that somebody is to acknowledge; its audit event is unwitnessed as well. */
function forgeEvent(): number {
  // The service has told of the sink that is gone.
  const [newest] = query(database(), 'SELECT max(sequence) AS sequence FROM security_events');
  const sequence = Number(newest?.sequence) + 1;
  const details = { sequence };
  const place = append('security_event.raised', 'keyward', 'key:k', details);
  query(
    database(),
    `INSERT INTO security_events (sequence, raised_at, type, severity, dedup_key, subject, evidence_commitment, audit_sequence)
     VALUES (${sequence}, 1, 'token.never_issued', 'critical', 'x', 'key:k', zeroblob(32), ${place})`,
  );
  return sequence;
}

function copyWhole(from: string, to: string): void {
  query(from, 'PRAGMA wal_checkpoint(TRUNCATE)');
  for (const end of ['-wal', '-shm']) rmSync(to + end, { force: true });
  copyFileSync(from, to);
}
