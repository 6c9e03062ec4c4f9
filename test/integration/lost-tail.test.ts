import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-port.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { queryStore, verifiedAudit } from '../support/service-store.ts';

let service: RunningService;
let thief: Workbench;
let scope: { sign: string; verify: string };
const tokens: Record<'kept' | 'lost', string> = { kept: '', lost: '' };
let stoppedAt: number;
let forgeries = 0;
/** Beyond what a client may have dated before the start. */
const LATER_SECONDS = 301;

const nowSeconds = () => Math.floor(Date.now() / 1_000);
const endFile = () => join(service.hsm.folder, 'ledger-archive.end');

async function issue(): Promise<string> {
  const body = { claims: { sub: 'alice' } };
  const answer = await service.data('POST', '/v1/scopes/payments/tokens', scope.sign, body);
  expect([answer.status, answer.body.code]).toEqual([201, undefined]);
  return answer.body.token;
}

async function verify(token: string) {
  const { status, body } = await service.data('POST', '/v1/scopes/payments/verify', scope.verify, { token });
  return status === 200 ? (body.reason ?? body.valid) : [status, body.code];
}

function sightingOf(token: string) {
  const input = token.slice(0, token.lastIndexOf('.'));
  const { iat } = JSON.parse(Buffer.from(input.split('.')[1] ?? '', 'base64url').toString());
  return { digest: createHash('sha256').update(input).digest('base64url'), iat };
}

/** How many of one a verifier shall have verified that accepted it offline. */
async function unknown(token: string) {
  const sightings = [sightingOf(token)];
  const { body } = await service.data('POST', '/v1/scopes/payments/sightings', scope.verify, { sightings });
  return body.unknown.length;
}

/** How many are known, as a scanner of leaks asks. */
async function leaked(token: string) {
  const asked = { tokens: [sightingOf(token)] };
  const { status, body } = await service.operations('POST', '/v1/admin/leaks/digests', asked);
  return [status, body.tokens?.length];
}

/** Signed past the service, with its own active key. */
async function forge(iat: number): Promise<string> {
  const { keys } = (await service.operations('GET', '/v1/admin/keys?scope=payments')).body;
  const { kid, hsm_id } = keys.find(({ state }: { state: string }) => state === 'active');
  const claims = {
    ...{ iss: 'https://login.example', aud: 'https://payments.example', sub: 'mallory' },
    ...{ iat, nbf: iat, exp: iat + 300, client_id: 'payments-sign' },
    jti: randomBytes(16).toString('base64url'),
  };
  const input = [{ alg: 'ES256', typ: 'at+jwt', kid }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = await thief.sign(hsm_id, createHash('sha256').update(input).digest());
  return `${input}.${signature.toString('base64url')}`;
}

/** Nothing more is done by itself, and a checkpoint covers all that asks for one: none comes behind the next token. */
async function settled(): Promise<void> {
  const uncovered = `SELECT 1 AS one FROM audit_events
    WHERE sequence > (SELECT max(audit_sequence) FROM checkpoints)
      AND (type = 'revocation.added' OR details_json LIKE '%"registry":%' OR details_json LIKE '%"unsigned":%')`;
  const look = async () => {
    const { keys } = (await service.operations('GET', '/v1/admin/keys?scope=payments')).body;
    const states = keys.map(({ state }: { state: string }) => state);
    const isStanding = states.includes('active') && states.includes('pre_activation');
    return isStanding && (await queryStore(service, uncovered)).length === 0;
  };
  await expect.poll(look, { timeout: 60_000 }).toBe(true);
}

/** What a server has that was promoted without the last group. */
async function loseLastGroup(): Promise<void> {
  const [{ last } = {}] = await queryStore(service, 'SELECT max(sequence) AS last FROM ledger_groups');
  for (const table of ['issuance_records', 'ledger_row_hashes'])
    await queryStore(service, `DELETE FROM ${table} WHERE group_sequence = ${last} RETURNING 1`);
  await queryStore(service, `DELETE FROM ledger_groups WHERE sequence = ${last} RETURNING 1`);
}

beforeAll(async () => {
  // No checkpoint comes by itself: nobody but this host has seen the end of the ledger.
  const [data, operations] = await freePorts(2);
  const config = {
    data_plane: { port: data, public_url: 'http://127.0.0.1:8080' },
    operations_plane: { port: operations },
    audit: { checkpoint_seconds: 3_600 },
  };
  service = await startService({ twoPersons: true, config });
  thief = await openWorkbench(service.hsm);
  scope = await service.provision({ id: 'payments', policy: { clock_skew_seconds: 0 } });
  tokens.kept = await issue();
  tokens.lost = await issue();
  await service.kill();
  stoppedAt = nowSeconds();
});

afterAll(async () => {
  await thief.stop();
  await service.remove();
});

describe('a service whose process was killed', () => {
  it('goes on as before where the ledger is whole', async () => {
    service = await service.restart();
    expect(service.log).not.toContainEqual(expect.objectContaining({ event: 'ledger.end_unproven' }));
    expect(await verify(tokens.lost)).toBe(true);
    expect(await verify(await forge(stoppedAt))).toBe('never_issued');
    forgeries += 1;
  });
});

describe('a service that does not know up to where the ledger was acknowledged', () => {
  it('calls no token of that time forged, and says so', async () => {
    await settled();
    tokens.lost = await issue();
    const from = nowSeconds();
    await service.kill();
    await loseLastGroup();
    rmSync(endFile());
    service = await service.restart();
    expect(service.log).toContainEqual(expect.objectContaining({ event: 'ledger.end_unproven' }));
    expect(await verify(tokens.lost)).toEqual([503, 'ledger_unavailable']);
    expect(await verify(await forge(from))).toEqual([503, 'ledger_unavailable']);
    expect(await verify(tokens.kept)).toBe(true);
    expect(await verify(await issue())).toBe(true);
    expect([await unknown(tokens.lost), await unknown(tokens.kept)]).toEqual([1, 0]);
    expect(await leaked(tokens.lost)).toEqual([200, 0]);
    expect(await leaked(tokens.kept)).toEqual([200, 1]);
    const raised = `SELECT severity FROM security_events WHERE type = 'ledger.end_unproven'`;
    await expect
      .poll(() => queryStore(service, raised), { timeout: 60_000 })
      .toEqual([{ severity: 'warning' }]);
    const alarms = `SELECT severity FROM security_events WHERE type = 'token.unproven'`;
    expect(await queryStore(service, alarms)).toEqual([{ severity: 'critical' }, { severity: 'critical' }]);
  });

  it('still finds forgeries of other times, and remembers the time at its next start', async () => {
    expect(await verify(await forge(nowSeconds() + LATER_SECONDS))).toBe('never_issued');
    forgeries += 1;
    service = await service.restart();
    expect(await verify(tokens.lost)).toEqual([503, 'ledger_unavailable']);
    expect(service.log).not.toContainEqual(expect.objectContaining({ event: 'ledger.end_unproven' }));
  });
});

describe('a service that does know it', () => {
  it('is held where the last group that it acknowledged is gone, until two persons accept that', async () => {
    await settled();
    tokens.lost = await issue();
    const issuedAt = nowSeconds();
    // An audit event that is dated later than the record that will be missing.
    await pause(2_000);
    expect(await verify(await forge(nowSeconds() + LATER_SECONDS))).toBe('never_issued');
    forgeries += 1;
    await service.kill();
    await loseLastGroup();
    service = await service.restart();
    expect(await verify(tokens.lost)).toEqual([503, 'database_restored']);
    const path = '/v1/admin/database/accept-restore';
    const { body } = await service.operations('POST', path, { reason: 'a laggard was promoted' });
    const [{ kept } = {}] = await queryStore(service, 'SELECT max(sequence) AS kept FROM ledger_groups');
    const groups = { member: 'last_group', from: Number(kept), to: Number(kept) + 1 };
    expect(body.proposal.changes).toContainEqual(groups);
    const { to: lostFrom } = body.proposal.changes.find(
      ({ member }: { member: string }) => member === 'records_lost_from',
    );
    expect(lostFrom).toBeLessThanOrEqual(issuedAt - 60);
    const approve = `/v1/admin/proposals/${body.proposal.id}/approve`;
    const approved = await service.operations('POST', approve, undefined, service.approver);
    expect(approved.body).toMatchObject({ proposal: { state: 'executed' } });
    await service.logged(({ msg, held }) => msg === 'operations plane listens' && held === undefined);
    expect(await verify(tokens.lost)).toBe('record_lost');
    expect(await verify(tokens.kept)).toBe(true);
    const alarms = `SELECT 1 AS one FROM security_events WHERE type = 'token.never_issued'`;
    expect(await queryStore(service, alarms)).toHaveLength(forgeries);
    expect((await verifiedAudit(service)).findings).toEqual([]);
  });
});
