import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Credential, readCredential } from '../../../src/kernel/credential.ts';
import { keyward as call, NOW } from '../../support/command-line.ts';
import { operationsStub } from '../../support/operations-stub.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ID = '7v3k9mzx2qpw4r8t';
const proposal = {
  id: ID,
  act: 'scope.policy',
  subject: 'scope:payments',
  parameters: {},
  changes: [
    { member: 'clock_skew_seconds', from: 30, to: 60 },
    { member: 'contacts', from: ['a@id.example'], to: [] },
  ],
  proposed_by: 'alice',
  proposed_at: NOW - 60,
  expires_at: NOW + 86_400,
  state: 'open',
  approvers: ['bob', 'carol'],
  decided_by: null,
  decided_at: null,
  failure: null,
};
const decided = { state: 'executed', approvers: [], decided_by: 'bob', decided_at: NOW };
const executed = { ...proposal, ...decided };
const DIGEST = 'q'.repeat(43);
const clientProposal = {
  ...proposal,
  id: 'client',
  act: 'client.create',
  subject: 'client:web',
  parameters: { id: 'web', credential_digest: DIGEST },
};
const CHANGE = { policy: { token_types: ['JWT', 'untyped'] } };
const narrower = { ...proposal, id: 'narrower', parameters: { scope: 'payments', ...CHANGE } };
const carol = { id: 'carol', roles: ['operator', 'approver'], created_at: NOW - 60, revoked_at: null };

const folder = temporaryFolder();
const credentialFile = join(folder.path, 'operator');
let stub: Awaited<ReturnType<typeof operationsStub>>;

beforeAll(async () => {
  stub = await operationsStub({
    'GET /proposals?state=open': [200, { proposals: [proposal], next: ID }],
    'GET /proposals': [200, { proposals: [proposal, { ...executed, id: 'other' }], next: null }],
    [`GET /proposals/${ID}`]: [200, { proposal }],
    [`POST /proposals/${ID}/approve`]: [200, { proposal: executed, result: { scope: {} } }],
    'GET /proposals/client': [200, { proposal: clientProposal }],
    'POST /proposals/client/approve': [200, { proposal: { ...clientProposal, ...decided }, result: {} }],
    [`POST /proposals/${ID}/withdraw`]: [403, { code: 'not_your_proposal', detail: 'alice proposed it' }],
    'GET /proposals/narrower': [200, { proposal: narrower }],
    'POST /proposals/narrower/approve': [200, { proposal: { ...narrower, ...decided }, result: {} }],
    'GET /proposals/narrowed': [200, { proposal: { ...narrower, ...decided } }],
    'POST /scopes/payments/preview': [
      200,
      { refusals: [{ member: 'token_types', counted: { tokens: 7, bound: 'at_most' } }] },
    ],
    'PATCH /scopes/payments': [202, { proposal }],
    'POST /reports/7Q3K-M2XD/erase': [202, { proposal }],
    'POST /ledger/erase': [202, { proposal }],
    'POST /clients': [202, { proposal: { ...proposal, act: 'client.create', approvers: [] } }],
    'GET /operators': [200, { operators: [carol, { ...carol, id: 'dan', revoked_at: NOW }], next: null }],
    'POST /operators': [201, { operator: carol }],
    'POST /operators/carol/roles': [200, { operator: { ...carol, roles: ['auditor'] } }],
  });
  writeFileSync(credentialFile, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await stub.close();
  folder.remove();
});
beforeEach(() => {
  stub.seen.length = 0;
});

const keyward = (...argv: string[]) =>
  call([...argv, '--url', stub.url, '--credential-file', credentialFile]);
const SHOWN = `proposal     ${ID}
state        open
act          scope.policy
subject      scope:payments
proposed     alice, 2026-11-23 19:59:00Z (1 minute ago)
expires      2026-11-24 20:00:00Z (in 1 day)
can approve  bob carol

MEMBER              IS                WOULD BE
clock_skew_seconds  30                60
contacts            ["a@id.example"]  []
`;

describe('a command that takes another person', () => {
  it('shows the proposal that it opened, and ends with 4', async () => {
    const ran = await keyward('scope', 'set', 'payments', '--clock-skew', '60');
    expect(ran).toEqual({
      exitCode: 4,
      err: '',
      out: `${SHOWN}\nIt takes another operator, who runs: keyward proposal approve ${ID}\n`,
    });
  });

  it.each([
    ['of a report', ['report', 'erase', '7Q3K-M2XD']],
    ['of a subject', ['ledger', 'erase', '--subject', 'mallory']],
  ])('shows the proposal where an erasure %s takes two', async (_, argv) => {
    const { exitCode, out, err } = await keyward(...argv);
    expect([exitCode, err, out.slice(0, SHOWN.length)]).toEqual([4, '', SHOWN]);
  });

  it('tells the same with --json, and the same exit code', async () => {
    const ran = await keyward('scope', 'set', 'payments', '--clock-skew', '60', '--json');
    expect([ran.exitCode, JSON.parse(ran.out)]).toEqual([4, { proposal }]);
  });

  it('keeps the credential that the proposal would make good', async () => {
    const out = join(folder.path, 'web.credential');
    const ran = await keyward('client', 'create', 'web', '--out', out);
    expect(ran.exitCode).toBe(4);
    expect(ran.err).toBe(`warning: ${out} is of use once the proposal is approved\n`);
    expect(ran.out).toContain('can approve  nobody: another operator needs the role approver\n');
    const { digest } = readCredential(readFileSync(out, 'utf8').trim()) as Credential;
    expect(stub.seen[0]?.body).toMatchObject({ credential_digest: digest.toString('base64url') });
  });
});

describe('proposals', () => {
  it('are listed, the open ones unless all are asked for', async () => {
    const open = await keyward('proposal', 'list');
    expect(open.exitCode).toBe(0);
    expect(open.out.split('\n')).toEqual([
      'ID                STATE  ACT           SUBJECT         PROPOSED BY  EXPIRES                          CAN APPROVE',
      `${ID}  open   scope.policy  scope:payments  alice        2026-11-24 20:00:00Z (in 1 day)  bob carol`,
      '',
      `There is more: --after ${ID}, or --all`,
      '',
    ]);
    expect((await keyward('proposal', 'list', '--closed')).out).toContain('other             executed  ');
  });

  it('are shown, which is no proposal of one’s own: exit 0', async () => {
    expect(await keyward('proposal', 'show', ID)).toEqual({ exitCode: 0, err: '', out: SHOWN });
  });

  it.each(['show', 'approve'])('of a client: %s names the credential, and who made it', async (verb) => {
    const ran = await keyward('proposal', verb, 'client');
    expect([ran.exitCode, ran.err]).toEqual([0, '']);
    expect(ran.out).toMatch(new RegExp(`^credential +SHA-256 ${DIGEST}, made by alice$`, 'm'));
  });

  it.each(['show', 'approve'])(
    'of a scope: %s says first how many living tokens it refuses',
    async (verb) => {
      const ran = await keyward('proposal', verb, 'narrower');
      expect([ran.exitCode, ran.err]).toEqual([
        0,
        'warning: scope payments, token_types: refuses up to 7 living tokens at once\n',
      ]);
      expect(stub.seen.slice(0, 2).map(({ method, path, body }) => [method, path, body])).toEqual([
        ['GET', '/proposals/narrower', undefined],
        ['POST', '/scopes/payments/preview', CHANGE],
      ]);
    },
  );

  it('of a scope say no more of tokens once they are decided', async () => {
    expect((await keyward('proposal', 'show', 'narrowed')).err).toBe('');
  });

  it('are approved, and what the act answered is in --json', async () => {
    const ran = await keyward('proposal', 'approve', ID);
    expect(ran.exitCode).toBe(0);
    expect(ran.out).toContain('state     executed\n');
    expect(ran.out).toContain('decided   bob, 2026-11-23 20:00:00Z (now)\n');
    const json = JSON.parse((await keyward('proposal', 'approve', ID, '--json')).out);
    expect(json.result).toEqual({ scope: {} });
  });

  it('of somebody else are not withdrawn', async () => {
    expect(await keyward('proposal', 'withdraw', ID)).toEqual({
      exitCode: 1,
      out: '',
      err: 'error: alice proposed it [not_your_proposal]\n',
    });
  });
});

describe('operators', () => {
  it('make their own credential, without any service, and tell its digest', async () => {
    const out = join(folder.path, 'carol.credential');
    const ran = await call(['operator', 'enrol', '--out', out, '--json', '--url', 'http://127.0.0.1:9090']);
    const [text = '', origin] = readFileSync(out, 'utf8').split('\n');
    expect(origin).toBe('origin http://127.0.0.1:9090');
    const { digest, kind } = readCredential(text) as Credential;
    expect([ran.exitCode, JSON.parse(ran.out), kind]).toEqual([
      0,
      { credential_digest: digest.toString('base64url'), credential_file: out },
      'ops',
    ]);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect((await call(['operator', 'enrol', '--out', out])).exitCode).toBe(2);
  });

  it('are created with roles and that digest, listed, and given other roles', async () => {
    const roles = ['--role', 'operator', 'approver'];
    await keyward('operator', 'create', 'carol', ...roles, '--credential-digest', 'D');
    expect(stub.seen[0]?.body).toEqual({
      id: 'carol',
      roles: ['operator', 'approver'],
      credential_digest: 'D',
    });
    expect((await keyward('operator', 'list')).out).toBe(
      `ID     STATUS   ROLES              ENROLLED
carol  enabled  operator approver  2026-11-23 19:59:00Z (1 minute ago)
dan    revoked  operator approver  2026-11-23 19:59:00Z (1 minute ago)
`,
    );
    expect((await keyward('operator', 'roles', 'carol', '--role', 'auditor')).out).toContain(
      'roles     auditor\n',
    );
    expect((await keyward('operator', 'create', 'eve', '--role', 'admin')).exitCode).toBe(2);
  });
});
