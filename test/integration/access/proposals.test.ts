import { expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { RegistrySeal } from '../../../src/kernel/registry.ts';
import { proposalSample } from '../../contract/proposal-store-contract.ts';
import { followed } from '../../support/followed.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';
import { SOFTWARE_SEAL } from '../../support/software-seal.ts';
import { auditEventsIn, query } from '../../support/store-database.ts';

const BOB = { operatorId: 'bob', requestId: 'req-2' };
const APPROVED = { ...ALICE, approval: { proposalId: 'first', approvedBy: 'bob' } };
const WEB = { id: 'web', description: '', createdAt: 1, revokedAt: null, grants: [] };

/** The registry key, as long as it can be reached. */
function losableSeal(): { seal: RegistrySeal; lose(): void } {
  let lost = false;
  const unlessLost =
    <A, T>(sign: (statement: A) => Promise<T>) =>
    async (statement: A) => {
      if (lost) throw new KeywardError('hsm_unavailable', 'away');
      return sign(statement);
    };
  return {
    seal: {
      ...SOFTWARE_SEAL,
      signRow: unlessLost(SOFTWARE_SEAL.signRow),
      signHead: unlessLost(SOFTWARE_SEAL.signHead),
    },
    lose: () => {
      lost = true;
    },
  };
}

it('an approved change marks its proposal executed in its own commit, and is not made a second time', async () => {
  const { store, file } = await openTestStore();
  await store.proposals.add(proposalSample('first'), ALICE);
  const early = store.access.addClient(WEB, Buffer.alloc(32, 1), APPROVED);
  await expect(early).rejects.toMatchObject({ code: 'proposal_closed' });
  await store.proposals.move('first', 'open', { state: 'executing', decidedBy: 'bob' }, BOB);
  await store.access.addClient(WEB, Buffer.alloc(32, 1), APPROVED);
  expect(store.proposals.find('first')?.state).toBe('executed');
  expect(auditEventsIn(file).at(-1)).toEqual({
    type: 'client.created',
    actor: 'alice',
    subject: 'client:web',
    requestId: 'req-1',
    details: { description: '', proposal: 'first', approved_by: 'bob' },
  });
  const again = store.access.addClient({ ...WEB, id: 'app' }, Buffer.alloc(32, 2), APPROVED);
  await expect(again).rejects.toMatchObject({ code: 'proposal_executed' });
  expect(followed(store.access).clients.map(({ id }) => id)).toEqual(['web']);
});

it('without the HSM a proposal can end, but neither begin nor be approved', async () => {
  const { seal, lose } = losableSeal();
  const { store, file } = await openTestStore({ seal });
  for (const id of ['kept', 'refused', 'running']) await store.proposals.add(proposalSample(id), ALICE);
  await store.proposals.move('running', 'open', { state: 'executing', decidedBy: 'bob', decidedAt: 7 }, BOB);
  lose();
  await store.proposals.move('refused', 'open', { state: 'refused', decidedBy: 'bob', decidedAt: 7 }, BOB);
  const failure = { code: 'hsm_unavailable', detail: 'away' } as const;
  await store.proposals.move('running', 'executing', { state: 'failed', failure }, BOB);
  const away = { code: 'hsm_unavailable' };
  await expect(store.proposals.add(proposalSample('new'), ALICE)).rejects.toMatchObject(away);
  const approved = store.proposals.move('kept', 'open', { state: 'executing', decidedBy: 'bob' }, BOB);
  await expect(approved).rejects.toMatchObject(away);
  await store.close();
  const reopened = await openTestStore({ file });
  expect(reopened.report.refused).toEqual([]);
  expect(reopened.store.proposals.all().map(({ id, state }) => [id, state])).toEqual([
    ['kept', 'open'],
    ['refused', 'refused'],
    ['running', 'failed'],
  ]);
});

it('without the HSM an operator can lose roles and be revoked, and gain none', async () => {
  const { seal, lose } = losableSeal();
  const { store } = await openTestStore({ seal });
  const carol = { id: 'carol', roles: ['operator', 'approver'], createdAt: 1, revokedAt: null } as const;
  await store.access.addOperator(carol, Buffer.alloc(32, 1), ALICE);
  lose();
  await store.access.setRoles('carol', ['approver'], ALICE);
  await expect(store.access.setRoles('carol', ['operator', 'approver'], ALICE)).rejects.toMatchObject({
    code: 'hsm_unavailable',
  });
  await store.access.revokeOperator('carol', 7, ALICE);
  expect(followed(store.access).operators).toEqual([{ ...carol, roles: ['approver'], revokedAt: 7 }]);
});

it.each([
  ['opened again', `UPDATE proposals SET state = 'open', decided_by = NULL, decided_at = NULL`],
  ['given other parameters', `UPDATE proposals SET parameters_json = '{"id":"mine"}'`],
  ['given another proposer', `UPDATE proposals SET proposed_by = 'carol'`],
  ['kept alive', `UPDATE proposals SET expires_at = expires_at + 86400`],
])('a proposal that somebody has %s in the database is not used', async (_, edit) => {
  const { store, file } = await openTestStore();
  await store.proposals.add(proposalSample('first'), ALICE);
  await store.proposals.move('first', 'open', { state: 'refused', decidedBy: 'bob', decidedAt: 7 }, BOB);
  await store.close();
  query(file, edit);
  const reopened = await openTestStore({ file });
  expect(reopened.report.refused).toMatchObject([{ table: 'proposals', id: 'first' }]);
  expect(reopened.store.proposals.all()).toEqual([]);
});

it('forgets what was closed for 90 days, and nothing that is open', async () => {
  const { store } = await openTestStore();
  const long = NOON.nowSeconds() - 90 * 86_400 - 1;
  await store.proposals.add(proposalSample('old', { expiresAt: long }), ALICE);
  await store.proposals.add(proposalSample('open', { expiresAt: long }), ALICE);
  await store.proposals.add(proposalSample('late', { expiresAt: long + 1 }), ALICE);
  for (const id of ['old', 'late']) await store.proposals.move(id, 'open', { state: 'expired' }, BOB);
  await store.proposals.add(proposalSample('new'), ALICE);
  expect(store.proposals.all().map(({ id }) => id)).toEqual(['late', 'new', 'open']);
});
