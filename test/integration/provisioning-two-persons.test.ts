import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keyward as call } from '../support/command-line.ts';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let file: string;
let credentials: string;

beforeAll(async () => {
  service = await startService({ twoPersons: true });
  file = join(service.hsm.folder, 'scopes.yaml');
  credentials = join(service.hsm.folder, 'credentials');
}, 120_000);

afterAll(() => service.remove());

const as = (who: 'operator' | 'approver', ...argv: string[]) =>
  call([...argv, '--url', service.operationsUrl, '--credential-file', join(service.hsm.folder, who)]);

/** What became of each step, with how many living tokens it refused; `anew` where the proposal was not seen before. */
async function apply(...more: string[]) {
  const { exitCode, out, err } = await as('operator', 'apply', '-f', file, '--json', ...more);
  const applied: readonly Applied[] = JSON.parse(out).applied;
  const warnings = applied.flatMap(({ changes: [{ id, member, refuses }] }) =>
    refuses ? [`warning: scope ${id}, ${member}: refuses ${refuses.tokens} living token at once\n`] : [],
  );
  const expected = applied.some(({ outcome }) => outcome === 'proposed') ? 4 : 0;
  expect([exitCode, err]).toEqual([expected, warnings.join('')]);
  return applied.map(({ outcome, proposal, changes: [{ kind, id, member = '', refuses }] }) => {
    const anew = proposal && !seen.has(proposal.id) ? ' anew' : '';
    if (proposal) seen.add(proposal.id);
    const refused = refuses ? ` refuses ${refuses.tokens}` : '';
    return `${outcome}${anew}: ${kind} ${id} ${member}${refused}`.trim();
  });
}

const seen = new Set<string>();

interface Applied {
  readonly outcome: string;
  readonly proposal?: { readonly id: string };
  readonly changes: readonly [
    {
      readonly kind: string;
      readonly id: string;
      readonly member?: string;
      readonly refuses?: { readonly tokens: number };
    },
  ];
}

/** Alice, who proposed, is refused; then Bob approves everything that is open. */
async function approveAll(): Promise<void> {
  const { body } = await service.operations('GET', '/v1/admin/proposals');
  const open = body.proposals.filter(({ state }: { state: string }) => state === 'open');
  for (const { id, approvers } of open) {
    expect(approvers).toEqual(['bob']);
    expect((await service.operations('POST', `/v1/admin/proposals/${id}/approve`)).body.code).toBe(
      'self_approval',
    );
    expect(
      (await service.operations('POST', `/v1/admin/proposals/${id}/approve`, undefined, service.approver))
        .status,
    ).toBe(200);
  }
}

const SCOPE = (policy: string) => `scopes:
  payments:
    issuer: https://login.example.com
    audience: https://payments.example.com
    policy: ${policy}
    contacts: [security@example.com]
`;
const CLIENTS = `clients:
  login:
    description: Signs people in
    grants: { payments: [sign] }
`;

it('proposes what does not exist, leaves what needs it, and proposes nothing twice', async () => {
  writeFileSync(file, SCOPE('{ max_ttl_seconds: 600 }') + CLIENTS);
  expect(await apply('--credentials', credentials)).toEqual([
    'proposed anew: scope payments',
    'proposed anew: client login',
    'waits: grant login payments:sign',
  ]);
  expect(await apply('--credentials', credentials)).toEqual([
    'proposed: scope payments',
    'proposed: client login',
    'waits: grant login payments:sign',
  ]);
  // Without the folder nobody can tell whose credential the proposal would make good.
  expect(await apply()).toEqual([
    'proposed: scope payments',
    'foreign: client login',
    'waits: grant login payments:sign',
  ]);
  // Nor by Bob, who may approve them now.
  expect((await as('approver', 'apply', '-f', file)).exitCode).toBe(4);
  expect((await service.operations('GET', '/v1/admin/proposals')).body.proposals).toHaveLength(2);
  expect((await service.operations('GET', '/v1/admin/scopes')).body).toEqual({ scopes: [] });
});

it('goes on once another operator has approved, until there is nothing left to do', async () => {
  await approveAll();
  expect(await apply()).toEqual(['proposed anew: grant login payments:sign']);
  expect(await apply()).toEqual(['proposed: grant login payments:sign']);
  await approveAll();
  expect(await apply()).toEqual([]);
  expect((await as('operator', 'plan', '-f', file)).exitCode).toBe(0);
});

it('has made the credential that the new client signs with', async () => {
  const credential = readFileSync(join(credentials, 'login.credential'), 'utf8').trim();
  const body = { claims: { sub: 'alice' } };
  const asked = await service.data('POST', '/v1/scopes/payments/tokens', credential, body);
  expect([asked.status, asked.body.code]).toEqual([201, undefined]);
});

it('narrows a policy at once, and proposes the rest of the same file', async () => {
  writeFileSync(
    file,
    SCOPE('{ max_ttl_seconds: 60, clock_skew_seconds: 60, cryptoperiod_seconds: 31536000 }'),
  );
  expect(await apply()).toEqual([
    'done: scope payments max_ttl_seconds refuses 1',
    'proposed anew: scope payments cryptoperiod_seconds',
  ]);
  const policy = async () => (await service.operations('GET', '/v1/admin/scopes/payments')).body.scope.policy;
  expect(await policy()).toMatchObject({
    max_ttl_seconds: 60,
    clock_skew_seconds: 30,
    cryptoperiod_seconds: 14 * 86_400,
  });
  expect(await apply()).toEqual(['proposed: scope payments cryptoperiod_seconds']);
  await approveAll();
  expect(await policy()).toMatchObject({ clock_skew_seconds: 60, cryptoperiod_seconds: 365 * 86_400 });
});

it('proposes anew where what a proposal began with has changed', async () => {
  writeFileSync(file, SCOPE('{ clock_skew_seconds: 90 }'));
  expect(await apply()).toEqual(['proposed anew: scope payments clock_skew_seconds']);
  await service.operations('PATCH', '/v1/admin/scopes/payments', { policy: { clock_skew_seconds: 10 } });
  expect(await apply()).toEqual(['proposed anew: scope payments clock_skew_seconds']);
  const { body } = await service.operations('GET', '/v1/admin/proposals');
  const open = body.proposals.filter(({ state }: { state: string }) => state === 'open');
  expect(open.map(({ changes }: { changes: object[] }) => changes)).toEqual(
    expect.arrayContaining([
      [{ member: 'clock_skew_seconds', from: 60, to: 90 }],
      [{ member: 'clock_skew_seconds', from: 10, to: 90 }],
    ]),
  );
});

it('withdraws alone', async () => {
  writeFileSync(file, 'complete: true\n');
  expect(await apply()).toEqual(['done: client login']);
});
