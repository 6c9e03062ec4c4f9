import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit-verify/index.ts';
import { freePorts } from '../support/free-port.ts';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let clients: { sign: string; verify: string };
let token: string;

const at = (name: string) => join(service.hsm.folder, name);
const FILES = ['keyward.db', 'audit.jsonl'];

const issue = async () =>
  (await service.data('POST', '/v1/scopes/payments/tokens', clients.sign, { claims: { sub: 'a' } })).body
    .token;
const verify = async () =>
  (await service.data('POST', '/v1/scopes/payments/verify', clients.verify, { token })).body;

beforeAll(async () => {
  const [data, operations] = await freePorts(2);
  const config = {
    data_plane: { port: data, public_url: 'http://127.0.0.1:8080' },
    operations_plane: { port: operations },
  };
  service = await startService({ twoPersons: true, config });
  clients = await service.provision({ id: 'payments' });
  await service.stop();
  for (const file of FILES) copyFileSync(at(file), at(`${file}.older`));
  service = await service.restart();
  token = await issue();
  await service.stop();
  for (const end of ['-wal', '-shm']) rmSync(at('keyward.db') + end, { force: true });
  for (const file of FILES) copyFileSync(at(`${file}.older`), at(file));
  service = await service.restart();
}, 180_000);

afterAll(() => service.remove());

it('a database and a sink that were both put back are behind what the signer sealed', async () => {
  expect(await verify()).toMatchObject({ code: 'database_restored' });
  const told = await service.logged(({ event }) => event === 'database.restored');
  expect(told).toMatchObject({
    level: 60,
    events_missing: 0,
    msg: expect.stringMatching(/^the signer has seen audit/),
  });
});

it('goes on when two persons accept a loss of which nobody knows what it was', async () => {
  const path = '/v1/admin/database/accept-restore';
  const { status, body } = await service.operations('POST', path, { reason: 'disk failed' });
  expect(status).toBe(202);
  expect(body.proposal.changes).toContainEqual({ member: 'events_lost', from: null, to: expect.any(Number) });
  const approve = `/v1/admin/proposals/${body.proposal.id}/approve`;
  const approved = await service.operations('POST', approve, undefined, service.approver);
  expect(approved).toMatchObject({ status: 200, body: { proposal: { state: 'executed' } } });
  await service.logged(({ msg, held }) => msg === 'operations plane listens' && held === undefined);
  expect(await verify()).toEqual({ valid: false, reason: 'record_lost' });
  token = await issue();
  expect(await verify()).toMatchObject({ valid: true });
});

it('starts again as any other database, and its trail verifies', async () => {
  service = await service.restart();
  expect(await verify()).toMatchObject({ valid: true });
  await service.stop();
  const { findings } = await verifyAudit({ configFile: service.configFile, saved: [] });
  expect(findings).toEqual([]);
});
