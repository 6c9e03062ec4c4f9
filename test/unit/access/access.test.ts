import { describe, expect, it } from 'vitest';
import { createAccess } from '../../../src/access/create-access.ts';
import { makeCredential } from '../../../src/kernel/credential.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { followed } from '../../support/followed.ts';
import { MemoryAccessStore } from '../../support/memory-access-store.ts';
import { ALICE } from '../../support/registry-samples.ts';

const SCOPES = new Set(['payments', 'mail']);
const bearer = (credential: string) => `Bearer ${credential}`;
const code = (expected: string) => expect.objectContaining({ name: 'KeywardError', code: expected });

async function open(store = new MemoryAccessStore()) {
  let now = 100;
  const clock = { nowSeconds: () => now++ };
  return { store, ...(await createAccess(store, clock, (id) => SCOPES.has(id))) };
}

describe('authentication', () => {
  it('knows a client and an operator by their credentials, each on its plane', async () => {
    const { authenticator, clients, operators } = await open();
    const web = await clients.create({ id: 'web', description: 'the web shop' }, ALICE);
    const bob = await operators.create({ id: 'bob', roles: ['operator', 'auditor'] }, ALICE);
    expect(authenticator.client(bearer(web.credential))).toEqual({
      id: 'web',
      description: 'the web shop',
      createdAt: 100,
      revokedAt: null,
      grants: [],
    });
    expect(authenticator.operator(bearer(bob.credential))).toEqual({
      id: 'bob',
      roles: ['operator', 'auditor'],
      createdAt: 101,
      revokedAt: null,
    });
    expect(() => authenticator.operator(bearer(web.credential))).toThrow(code('credential_invalid'));
    expect(() => authenticator.client(bearer(bob.credential))).toThrow(code('credential_invalid'));
  });

  it('says which kind of credential is meant, and the same whether the other one is known or not', async () => {
    const { authenticator, clients, operators } = await open();
    const web = await clients.create({ id: 'web', description: 'the web shop' }, ALICE);
    const bob = await operators.create({ id: 'bob', roles: ['operator'] }, ALICE);
    const said = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        return String(error);
      }
      return undefined;
    };
    const ofOperator = said(() => authenticator.client(bearer(bob.credential)));
    expect(ofOperator).toContain(
      'of an operator (kw_ops_…); this takes the credential of a client (kw_svc_…)',
    );
    expect(said(() => authenticator.client(bearer(makeCredential('ops').text)))).toBe(ofOperator);
    const ofClient = said(() => authenticator.operator(bearer(web.credential)));
    expect(ofClient).toContain('of a client (kw_svc_…); this takes the credential of an operator (kw_ops_…)');
    expect(said(() => authenticator.operator(bearer(makeCredential('svc').text)))).toBe(ofClient);
  });

  it('tells missing, malformed and unknown credentials apart', async () => {
    const { authenticator } = await open();
    const stranger = makeCredential('svc').text;
    expect(() => authenticator.client(undefined)).toThrow(code('credential_missing'));
    expect(() => authenticator.client(bearer(`${stranger}0`))).toThrow(code('credential_malformed'));
    expect(() => authenticator.client(bearer(stranger))).toThrow(code('credential_invalid'));
  });

  it('keeps a client and an operator of one id apart', async () => {
    const { authenticator, clients, operators } = await open();
    const client = await clients.create({ id: 'same', description: '' }, ALICE);
    const operator = await operators.create({ id: 'same', roles: ['auditor'] }, ALICE);
    await clients.revoke('same', ALICE);
    expect(() => authenticator.client(bearer(client.credential))).toThrow(code('credential_invalid'));
    expect(authenticator.operator(bearer(operator.credential)).id).toBe('same');
  });

  it('knows after a restart what it knew before, revocations included', async () => {
    const first = await open();
    const kept = await first.clients.create({ id: 'kept', description: '' }, ALICE);
    const gone = await first.clients.create({ id: 'gone', description: '' }, ALICE);
    await first.clients.grant('kept', 'payments', 'sign', ALICE);
    await first.clients.revoke('gone', ALICE);
    const { authenticator, grants } = await open(first.store);
    expect(authenticator.client(bearer(kept.credential)).id).toBe('kept');
    expect(() => authenticator.client(bearer(gone.credential))).toThrow(code('credential_invalid'));
    expect(grants.allows('kept', 'payments', 'sign')).toBe(true);
  });

  it('keeps no credential’s text', async () => {
    const { store, clients } = await open();
    const { credential } = await clients.create({ id: 'web', description: '' }, ALICE);
    expect(JSON.stringify([followed(store), store.audited])).not.toContain(credential.slice(7));
  });
});

describe('operators', () => {
  const DIGEST = makeCredential('ops');

  it('are enrolled with a credential that they made, and known by it alone', async () => {
    const { authenticator, operators } = await open();
    const { operator } = await operators.enrol(
      { id: 'carol', roles: ['auditor'], digest: DIGEST.digest },
      ALICE,
    );
    expect(authenticator.operator(bearer(DIGEST.text))).toEqual(operator);
    const twin = operators.enrol({ id: 'twin', roles: ['auditor'], digest: DIGEST.digest }, ALICE);
    await expect(twin).rejects.toEqual(code('credential_taken'));
    expect(operators.list()).toEqual([operator]);
  });

  it('lose the old credential with the new one, at once', async () => {
    const { authenticator, operators, clients } = await open();
    const bob = await operators.create({ id: 'bob', roles: ['operator'] }, ALICE);
    const web = await clients.create({ id: 'web', description: '' }, ALICE);
    await operators.replaceCredential('bob', DIGEST.digest, ALICE);
    expect(() => authenticator.operator(bearer(bob.credential))).toThrow(code('credential_invalid'));
    expect(authenticator.operator(bearer(DIGEST.text)).id).toBe('bob');
    const { text, digest } = makeCredential('svc');
    await clients.replaceCredential('web', digest, ALICE);
    expect(() => authenticator.client(bearer(web.credential))).toThrow(code('credential_invalid'));
    expect(authenticator.client(bearer(text)).id).toBe('web');
  });

  it('are other people with the next request: roles and revocation', async () => {
    const { authenticator, operators } = await open();
    const { credential } = await operators.create({ id: 'bob', roles: ['operator', 'approver'] }, ALICE);
    await operators.setRoles('bob', ['auditor'], ALICE);
    expect(authenticator.operator(bearer(credential)).roles).toEqual(['auditor']);
    const revoked = await operators.revoke('bob', ALICE);
    expect(await operators.revoke('bob', ALICE)).toEqual(revoked);
    expect(() => authenticator.operator(bearer(credential))).toThrow(code('credential_invalid'));
    await expect(operators.setRoles('bob', ['operator'], ALICE)).rejects.toEqual(code('operator_revoked'));
    const back = operators.replaceCredential('bob', DIGEST.digest, ALICE);
    await expect(back).rejects.toEqual(code('operator_revoked'));
    await expect(operators.revoke('nobody', ALICE)).rejects.toEqual(code('unknown_operator'));
  });

  it('are never called what the audit trail calls the service', async () => {
    const { operators } = await open();
    const named = operators.create({ id: 'keyward', roles: ['auditor'] }, ALICE);
    await expect(named).rejects.toEqual(code('invalid_operator'));
  });
});

describe('grants', () => {
  it('allow exactly what was granted', async () => {
    const { grants, clients } = await open();
    await clients.create({ id: 'web', description: '' }, ALICE);
    const granted = await clients.grant('web', 'payments', 'sign', ALICE);
    expect(granted.grants).toEqual([{ scopeId: 'payments', action: 'sign' }]);
    expect(grants.allows('web', 'payments', 'sign')).toBe(true);
    expect(grants.allows('web', 'payments', 'verify')).toBe(false);
    expect(grants.allows('web', 'mail', 'sign')).toBe(false);
    expect(grants.allows('xml', 'payments', 'sign')).toBe(false);
  });

  it('end with their withdrawal, and all of them with the client', async () => {
    const { grants, clients } = await open();
    await clients.create({ id: 'web', description: '' }, ALICE);
    await clients.grant('web', 'payments', 'sign', ALICE);
    await clients.grant('web', 'payments', 'verify', ALICE);
    await clients.withdraw('web', 'payments', 'sign', ALICE);
    expect(grants.allows('web', 'payments', 'sign')).toBe(false);
    expect(grants.allows('web', 'payments', 'verify')).toBe(true);
    await clients.revoke('web', ALICE);
    expect(grants.allows('web', 'payments', 'verify')).toBe(false);
  });

  it('write nothing for what is so already', async () => {
    const { store, clients } = await open();
    await clients.create({ id: 'web', description: '' }, ALICE);
    await clients.withdraw('web', 'payments', 'sign', ALICE);
    await clients.grant('web', 'payments', 'sign', ALICE);
    await clients.grant('web', 'payments', 'sign', ALICE);
    const revoked = await clients.revoke('web', ALICE);
    expect(await clients.revoke('web', ALICE)).toEqual(revoked);
    expect(store.audited.map(({ type }) => type)).toEqual([
      'client.created',
      'grant.added',
      'client.revoked',
    ]);
  });

  it('leave a client its description until it is given another, and a revoked one for good', async () => {
    const { store, clients } = await open();
    await clients.create({ id: 'web', description: 'the shop' }, ALICE);
    await clients.describe('web', 'the shop', ALICE);
    expect(store.audited).toHaveLength(1);
    expect(await clients.describe('web', 'the other shop', ALICE)).toMatchObject({
      id: 'web',
      description: 'the other shop',
    });
    expect(clients.list()[0]?.description).toBe('the other shop');
    await expect(clients.describe('web', 'a\nb', ALICE)).rejects.toEqual(code('invalid_client'));
    await expect(clients.describe('ghost', '', ALICE)).rejects.toEqual(code('unknown_client'));
    await clients.revoke('web', ALICE);
    await expect(clients.describe('web', 'once more', ALICE)).rejects.toEqual(code('client_revoked'));
  });

  it('follow the order of the calls when they overlap', async () => {
    const { grants, clients } = await open();
    await clients.create({ id: 'web', description: '' }, ALICE);
    await Promise.all([
      clients.grant('web', 'payments', 'sign', ALICE),
      clients.grant('web', 'mail', 'sign', ALICE),
      clients.withdraw('web', 'payments', 'sign', ALICE),
    ]);
    expect(grants.allows('web', 'payments', 'sign')).toBe(false);
    expect(grants.allows('web', 'mail', 'sign')).toBe(true);
  });

  it('stay as they were when the store cannot take the change', async () => {
    const { store, grants, clients } = await open();
    const { client } = await clients.create({ id: 'web', description: '' }, ALICE);
    const failure = new KeywardError('store_unavailable', 'away');
    store.failure = failure;
    await expect(clients.grant('web', 'payments', 'sign', ALICE)).rejects.toBe(failure);
    expect(grants.allows('web', 'payments', 'sign')).toBe(false);
    expect(clients.list()).toEqual([client]);
    await clients.grant('web', 'payments', 'sign', ALICE);
    store.failure = failure;
    await expect(clients.revoke('web', ALICE)).rejects.toBe(failure);
    expect(grants.allows('web', 'payments', 'sign')).toBe(true);
  });

  it('are refused for what does not exist', async () => {
    const { clients } = await open();
    await clients.create({ id: 'web', description: '' }, ALICE);
    await expect(clients.grant('xml', 'payments', 'sign', ALICE)).rejects.toEqual(code('unknown_client'));
    await expect(clients.revoke('xml', ALICE)).rejects.toEqual(code('unknown_client'));
    await expect(clients.grant('web', 'nowhere', 'sign', ALICE)).rejects.toEqual(code('unknown_scope'));
    await expect(clients.withdraw('web', 'nowhere', 'sign', ALICE)).rejects.toEqual(code('unknown_scope'));
    await clients.revoke('web', ALICE);
    await expect(clients.grant('web', 'payments', 'sign', ALICE)).rejects.toEqual(code('client_revoked'));
  });
});

describe('what one person may do as things were', () => {
  const ALONE = { ...ALICE, alone: true } as const;

  it('brings no grant back that is withdrawn meanwhile', async () => {
    const { grants, clients } = await open();
    await clients.create({ id: 'web', description: '' }, ALICE);
    await clients.grant('web', 'payments', 'sign', ALICE);
    await clients.grant('web', 'payments', 'sign', ALONE);
    const withdrawn = clients.withdraw('web', 'payments', 'sign', ALICE);
    await expect(clients.grant('web', 'payments', 'sign', ALONE)).rejects.toEqual(code('proposal_outdated'));
    await withdrawn;
    expect(grants.allows('web', 'payments', 'sign')).toBe(false);
  });

  it('brings no role back that is taken meanwhile', async () => {
    const { operators } = await open();
    await operators.create({ id: 'mallory', roles: ['operator', 'approver'] }, ALICE);
    await operators.setRoles('mallory', ['operator', 'approver'], ALONE);
    const demoted = operators.setRoles('mallory', ['auditor'], ALICE);
    const restored = operators.setRoles('mallory', ['operator', 'approver'], ALONE);
    await expect(restored).rejects.toEqual(code('proposal_outdated'));
    await demoted;
    expect(operators.list()).toMatchObject([{ id: 'mallory', roles: ['auditor'] }]);
  });
});

describe('ids', () => {
  const INVALID = ['', '-a', 'a-', 'A', 'a_b', 'a b', 'ä', 'a\n', 'a'.repeat(64)];
  const VALID = ['a', '0', 'a-b', 'a'.repeat(63)];

  it.each(INVALID)('refuse %o for client and operator', async (id) => {
    const { clients, operators } = await open();
    await expect(clients.create({ id, description: '' }, ALICE)).rejects.toEqual(code('invalid_client'));
    await expect(operators.create({ id, roles: ['auditor'] }, ALICE)).rejects.toEqual(
      code('invalid_operator'),
    );
  });

  it.each(VALID)('take %o for client and operator, once', async (id) => {
    const { clients, operators } = await open();
    await clients.create({ id, description: '' }, ALICE);
    await operators.create({ id, roles: ['auditor'] }, ALICE);
    await expect(clients.create({ id, description: '' }, ALICE)).rejects.toEqual(code('client_exists'));
    await expect(operators.create({ id, roles: ['auditor'] }, ALICE)).rejects.toEqual(
      code('operator_exists'),
    );
    expect(clients.list().map((client) => client.id)).toEqual([id]);
    expect(operators.list().map((operator) => operator.id)).toEqual([id]);
  });

  it('come with a description of at most 256 printable characters', async () => {
    const { clients } = await open();
    await clients.create({ id: 'long', description: 'é'.repeat(256) }, ALICE);
    for (const description of ['é'.repeat(257), 'a\nb', 'a\u0000']) {
      await expect(clients.create({ id: 'web', description }, ALICE)).rejects.toEqual(code('invalid_client'));
    }
  });

  it.each([[[]], [['operator', 'operator']], [['admin']]])(
    'come with roles: %o is refused',
    async (roles) => {
      const { operators } = await open();
      const asked = { id: 'bob', roles: roles as 'operator'[] };
      await expect(operators.create(asked, ALICE)).rejects.toEqual(code('invalid_operator'));
    },
  );
});
