import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { makeCredential } from '../../src/kernel/credential.ts';
import { keyward } from '../support/command-line.ts';
import { type HttpAnswer, type RunningService, startService } from '../support/running-service.ts';
import { createShim, type Shim } from '../support/shim.ts';
import { SOFTHSM_MODULE } from '../support/softhsm.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const DEADLINE_MS = 120_000;
const POLL_MS = 50;

let shim: Shim;
let service: RunningService;

beforeAll(async () => {
  shim = await createShim({ realModule: SOFTHSM_MODULE });
  service = await startService({ shim, twoPersons: true });
}, DEADLINE_MS);

afterAll(async () => {
  await service.remove();
  shim.remove();
});

const asAlice = (method: string, path: string, body?: unknown) =>
  service.operations(method, `/v1/admin${path}`, body);
const asBob = (method: string, path: string, body?: unknown) =>
  service.operations(method, `/v1/admin${path}`, body, service.approver);

function newClient(id: string) {
  const { text, digest } = makeCredential('svc');
  return { text, body: { id, description: '', credential_digest: digest.toString('base64url') } };
}

async function opened(answer: Promise<HttpAnswer>) {
  const { status, body, headers } = await answer;
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/v1/admin/proposals/${body.proposal.id}`);
  return body.proposal;
}

const stateOf = async (id: string) => (await asBob('GET', `/proposals/${id}`)).body.proposal.state as string;
const codeOf = async (answer: Promise<HttpAnswer>) => {
  const { status, body } = await answer;
  return [status, body.code];
};

it('what takes two is proposed by one, refused to them, approved by the other and done once', async () => {
  const { text, body } = newClient('web');
  const proposal = await opened(asAlice('POST', '/clients', body));
  expect(proposal).toMatchObject({
    act: 'client.create',
    subject: 'client:web',
    proposed_by: 'alice',
    state: 'open',
    approvers: ['bob'],
    changes: [
      { member: 'id', from: null, to: 'web' },
      { member: 'description', from: null, to: '' },
      { member: 'credential_digest', from: null, to: body.credential_digest },
    ],
  });
  expect((await asAlice('GET', '/clients')).body.clients).toEqual([]);
  const approve = `/proposals/${proposal.id}/approve`;
  expect(await codeOf(asAlice('POST', approve))).toEqual([403, 'self_approval']);
  expect(await stateOf(proposal.id)).toBe('open');
  const approved = await asBob('POST', approve);
  expect(approved.status).toBe(200);
  expect(approved.body).toMatchObject({
    proposal: { state: 'executed', decided_by: 'bob', approvers: [] },
    result: { client: { id: 'web', revoked_at: null } },
  });
  expect(JSON.stringify(approved.body)).not.toContain('kw_svc_');
  expect(await codeOf(asBob('POST', approve))).toEqual([409, 'proposal_executed']);
  const known = await service.data('POST', '/v1/scopes/nowhere/tokens', text, { claims: {} });
  expect(known.body.code).toBe('unknown_scope');
});

it('is executed once by two who approve at the same moment', async () => {
  const { id } = await opened(asAlice('POST', '/clients', newClient('app').body));
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => codeOf(asBob('POST', `/proposals/${id}/approve`))),
  );
  expect(answers.sort()).toEqual([
    [200, undefined],
    ...Array.from({ length: 3 }, () => [409, 'proposal_executed']),
  ]);
});

it('never puts a credential of somebody else into the hands of one of them', async () => {
  expect(await codeOf(asAlice('POST', '/clients', { id: 'lazy' }))).toEqual([
    422,
    'credential_digest_required',
  ]);
  const operator = { id: 'carol', roles: ['operator', 'approver'] };
  expect(await codeOf(asAlice('POST', '/operators', operator))).toEqual([422, 'credential_digest_required']);
  const carol = makeCredential('ops');
  const credential_digest = carol.digest.toString('base64url');
  const { id } = await opened(asAlice('POST', '/operators', { ...operator, credential_digest }));
  expect((await asBob('POST', `/proposals/${id}/approve`)).status).toBe(200);
  const listed = await service.operations('GET', '/v1/admin/operators', undefined, carol.text);
  expect(listed.body.operators.map((each: { id: string }) => each.id)).toEqual(['alice', 'bob', 'carol']);
  const who = await service.operations('GET', '/v1/admin/whoami', undefined, carol.text);
  expect(who.body).toMatchObject({ operator: { id: 'carol', roles: operator.roles, revoked_at: null } });
  const twin = await opened(asAlice('POST', '/operators', { ...operator, id: 'twin', credential_digest }));
  expect(await codeOf(asBob('POST', `/proposals/${twin.id}/approve`))).toEqual([409, 'credential_taken']);
  expect(await stateOf(twin.id)).toBe('failed');
  expect((await asAlice('POST', '/operators/carol/revoke')).status).toBe(200);
  for (const path of ['operators', 'whoami']) {
    expect(await codeOf(service.operations('GET', `/v1/admin/${path}`, undefined, carol.text))).toEqual([
      401,
      'credential_invalid',
    ]);
  }
});

it('lets one person make it safer, and takes two to make it weaker', async () => {
  const roles = (answer: HttpAnswer) => answer.body.operator?.roles;
  const narrowed = await asAlice('POST', '/operators/bob/roles', { roles: ['operator', 'approver'] });
  expect([narrowed.status, roles(narrowed)]).toEqual([200, ['operator', 'approver']]);
  const all = { roles: ['operator', 'approver', 'auditor'] };
  const { id, changes } = await opened(asAlice('POST', '/operators/bob/roles', all));
  expect(changes).toEqual([{ member: 'roles', from: ['operator', 'approver'], to: all.roles }]);
  expect((await asBob('POST', `/proposals/${id}/reject`)).body.proposal.state).toBe('refused');
  expect((await asAlice('POST', '/clients/app/revoke')).status).toBe(200);
});

it('refuses what has changed since it was proposed, and what was withdrawn', async () => {
  const grant = { client: 'web', scope: 'payments', action: 'sign' };
  expect(await codeOf(asAlice('POST', '/grants', grant))).toEqual([404, 'unknown_scope']);
  await service.act('POST', '/v1/admin/scopes', {
    id: 'payments',
    issuer: 'https://login.example',
    audience: 'https://payments.example',
  });
  const wider = { policy: { clock_skew_seconds: 60 } };
  const first = await opened(asAlice('PATCH', '/scopes/payments', wider));
  expect(first.changes).toEqual([{ member: 'clock_skew_seconds', from: 30, to: 60 }]);
  expect((await asBob('PATCH', '/scopes/payments', { policy: { clock_skew_seconds: 10 } })).status).toBe(200);
  expect(await codeOf(asBob('POST', `/proposals/${first.id}/approve`))).toEqual([409, 'proposal_outdated']);
  const second = await opened(asAlice('PATCH', '/scopes/payments', wider));
  expect(await codeOf(asBob('POST', `/proposals/${second.id}/withdraw`))).toEqual([403, 'not_your_proposal']);
  expect((await asAlice('POST', `/proposals/${second.id}/withdraw`)).status).toBe(200);
  expect(await codeOf(asBob('POST', `/proposals/${second.id}/approve`))).toEqual([409, 'proposal_closed']);
});

it(
  'killed between approval and execution, it is never run again, and nothing is half done',
  async () => {
    const scope = { id: 'mail', issuer: 'https://login.example', audience: 'https://mail.example' };
    const { id } = await opened(asAlice('POST', '/scopes', scope));
    shim.control(['C_GenerateKeyPair delay 3000']);
    const approving = asBob('POST', `/proposals/${id}/approve`).catch(() => 'cut off');
    while ((await stateOf(id)) !== 'executing') await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    service.process.kill('SIGKILL');
    expect(await approving).toBe('cut off');
    shim.control([]);
    service = await service.restart();
    const { proposal } = (await asBob('GET', `/proposals/${id}`)).body;
    expect(proposal).toMatchObject({ state: 'failed', failure: { code: 'proposal_interrupted' } });
    expect(await codeOf(asBob('POST', `/proposals/${id}/approve`))).toEqual([409, 'proposal_closed']);
    const { scopes } = (await asBob('GET', '/scopes')).body;
    expect(scopes.map((each: { id: string }) => each.id)).toEqual(['payments']);
    expect(await service.act('POST', '/v1/admin/scopes', scope)).toMatchObject({ scope: { id: 'mail' } });
  },
  DEADLINE_MS,
);

it(
  'killed at any moment of an approval, what is executed is what was done',
  async () => {
    for (const delayMs of [0, 5, 15, 40]) {
      const name = `killed-${delayMs}`;
      const { id } = await opened(asAlice('POST', '/clients', newClient(name).body));
      const approving = asBob('POST', `/proposals/${id}/approve`).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      service.process.kill('SIGKILL');
      await approving;
      service = await service.restart();
      const exists = (await asBob('GET', `/clients/${name}`)).status === 200;
      const state = await stateOf(id);
      expect([name, exists, state]).toEqual([name, state === 'executed', state]);
      if (state !== 'open') continue;
      expect((await asBob('POST', `/proposals/${id}/approve`)).status).toBe(200);
    }
  },
  DEADLINE_MS,
);

it('is all in the audit trail, with who proposed and who approved', async () => {
  const { events } = (await asBob('GET', '/audit?limit=1000')).body;
  const created = events.find(
    (event: { type: string; subject: string }) =>
      event.type === 'client.created' && event.subject === 'client:web',
  );
  expect(created).toMatchObject({ actor: 'alice', details: { approved_by: 'bob' } });
  const types = new Set(events.map((event: { type: string }) => event.type));
  for (const type of ['opened', 'approved', 'refused', 'withdrawn', 'failed']) {
    expect(types).toContain(`proposal.${type}`);
  }
});

it('one person makes a decoy credential, and it takes two to have a token made, decoy or not', async () => {
  await service.provision({ id: 'decoys' });
  const { digest } = makeCredential('svc');
  const credential = {
    kind: 'credential',
    planted: 'a wiki',
    credential_digest: digest.toString('base64url'),
  };
  expect((await asAlice('POST', '/canaries', credential)).status).toBe(201);
  const claims = { sub: 'ceo@example.org', admin: true };
  const token = { kind: 'token', planted: 'a wiki', scope: 'decoys', client: 'decoys-sign', claims };
  const proposal = await opened(asAlice('POST', '/canaries', token));
  expect(proposal).toMatchObject({ act: 'canary.create', approvers: ['bob'] });
  expect(JSON.stringify(proposal.changes)).toContain('ceo@example.org');
  expect(await codeOf(asAlice('POST', `/proposals/${proposal.id}/approve`))).toEqual([403, 'self_approval']);
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const approver = join(service.hsm.folder, 'approver');
  const file = join(folder.path, 'token');
  const asked = ['--url', service.operationsUrl, '--credential-file', approver];
  const approved = await keyward(['proposal', 'approve', proposal.id, '--out', file, ...asked]);
  expect([approved.exitCode, approved.out]).toEqual([0, expect.not.stringContaining('eyJ')]);
  expect(readFileSync(file, 'utf8')).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/);
});
