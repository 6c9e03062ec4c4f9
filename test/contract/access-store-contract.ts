import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AccessStore, Client, Operator } from '../../src/kernel/actor.ts';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import { followed } from '../support/followed.ts';
import { ALICE } from '../support/registry-samples.ts';

/** A store under test, in which the scopes `payments` and `mail` exist, and its audit trail, read past it. */
export interface AccessStoreBackend {
  readonly store: AccessStore;
  audited(): Promise<readonly AuditEvent[]>;
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const sorted = (store: AccessStore) => {
  const { clients, operators, credentials } = followed(store);
  return {
    clients,
    operators,
    credentials: credentials
      .map((credential) => ({ ...credential, digest: Buffer.from(credential.digest) }))
      .sort((a, b) => a.holderId.localeCompare(b.holderId)),
  };
};

const client: Client = { id: 'web', description: 'the web shop', createdAt: 10, revokedAt: null, grants: [] };
const operator: Operator = { id: 'alice', roles: ['operator', 'approver'], createdAt: 11, revokedAt: null };

/** What every implementation of the `AccessStore` port does. */
export function accessStoreContract(name: string, open: () => Promise<AccessStoreBackend>): void {
  describe(`${name} as an access store`, () => {
    it('gives clients, operators and their credentials back to the last value', async () => {
      const { store, audited } = await open();
      await store.addClient(client, digest('web'), ALICE);
      await store.addOperator(operator, digest('alice'), ALICE);
      expect(sorted(store)).toEqual({
        clients: [client],
        operators: [operator],
        credentials: [
          { kind: 'ops', digest: digest('alice'), holderId: 'alice', createdAt: 11, revokedAt: null },
          { kind: 'svc', digest: digest('web'), holderId: 'web', createdAt: 10, revokedAt: null },
        ],
      });
      const act = { actor: 'alice', requestId: 'req-1' };
      expect(await audited()).toEqual([
        { ...act, type: 'client.created', subject: 'client:web', details: { description: 'the web shop' } },
        {
          ...act,
          type: 'operator.created',
          subject: 'operator:alice',
          details: { roles: ['operator', 'approver'] },
        },
      ]);
    });

    it('refuses ids that are taken, and keeps nothing of the second', async () => {
      const { store, audited } = await open();
      await store.addClient(client, digest('web'), ALICE);
      await store.addOperator(operator, digest('alice'), ALICE);
      const before = sorted(store);
      await expect(store.addClient(client, digest('2'), ALICE)).rejects.toMatchObject({
        code: 'client_exists',
      });
      await expect(store.addOperator(operator, digest('2'), ALICE)).rejects.toMatchObject({
        code: 'operator_exists',
      });
      expect(sorted(store)).toEqual(before);
      expect(await audited()).toHaveLength(2);
    });

    it('describes a client anew', async () => {
      const { store, audited } = await open();
      await store.addClient(client, digest('web'), ALICE);
      await store.describeClient('web', 'the shop', ALICE);
      expect(followed(store).clients).toEqual([{ ...client, description: 'the shop' }]);
      expect((await audited())[1]).toEqual({
        type: 'client.described',
        actor: 'alice',
        subject: 'client:web',
        requestId: 'req-1',
        details: { description: 'the shop' },
      });
    });

    it('revokes a client with its credentials, and no other', async () => {
      const { store, audited } = await open();
      const other = { ...client, id: 'xml', createdAt: 12 };
      await store.addClient(client, digest('web'), ALICE);
      await store.addClient(other, digest('xml'), ALICE);
      await store.revokeClient('web', 20, ALICE);
      const { clients, credentials } = sorted(store);
      expect(clients).toEqual([{ ...client, revokedAt: 20 }, other]);
      expect(credentials.map(({ holderId, revokedAt }) => ({ holderId, revokedAt }))).toEqual([
        { holderId: 'web', revokedAt: 20 },
        { holderId: 'xml', revokedAt: null },
      ]);
      expect((await audited())[2]).toEqual({
        type: 'client.revoked',
        actor: 'alice',
        subject: 'client:web',
        requestId: 'req-1',
        details: {},
      });
    });

    it('revokes an operator with their credentials, and no other', async () => {
      const { store, audited } = await open();
      await store.addOperator(operator, digest('alice'), ALICE);
      await store.addOperator({ ...operator, id: 'bob' }, digest('bob'), ALICE);
      await store.revokeOperator('alice', 20, ALICE);
      const { operators, credentials } = sorted(store);
      expect(operators.map(({ id, revokedAt }) => [id, revokedAt])).toEqual([
        ['alice', 20],
        ['bob', null],
      ]);
      expect(credentials.map(({ holderId, revokedAt }) => [holderId, revokedAt])).toEqual([
        ['alice', 20],
        ['bob', null],
      ]);
      expect((await audited())[2]).toMatchObject({
        type: 'operator.revoked',
        subject: 'operator:alice',
        details: {},
      });
    });

    it('sets the roles of an operator', async () => {
      const { store, audited } = await open();
      await store.addOperator(operator, digest('alice'), ALICE);
      await store.setRoles('alice', ['auditor'], ALICE);
      expect(followed(store).operators).toEqual([{ ...operator, roles: ['auditor'] }]);
      expect((await audited())[1]).toMatchObject({
        type: 'operator.roles_changed',
        subject: 'operator:alice',
        details: { roles: ['auditor'] },
      });
    });

    it.each([
      ['svc', 'web', 'client'],
      ['ops', 'alice', 'operator'],
    ] as const)('puts a new credential of kind %s in place of the old', async (kind, holderId, holder) => {
      const { store, audited } = await open();
      await store.addClient(client, digest('web'), ALICE);
      await store.addOperator(operator, digest('alice'), ALICE);
      const renewed = { kind, digest: digest('new'), holderId, createdAt: 30, revokedAt: null };
      await store.replaceCredential(renewed, ALICE);
      const { credentials } = sorted(store);
      const theirs = credentials.filter((credential) => credential.holderId === holderId);
      expect(theirs).toContainEqual(renewed);
      expect(theirs.map(({ revokedAt }) => revokedAt).sort()).toEqual([30, null]);
      expect(credentials).toHaveLength(3);
      expect((await audited())[2]).toMatchObject({
        type: `${holder}.credential_replaced`,
        subject: `${holder}:${holderId}`,
        details: {},
      });
    });

    it('gives no two holders one credential, nor a credential that was once in use', async () => {
      const { store } = await open();
      const taken = { code: 'credential_taken' };
      await store.addClient(client, digest('web'), ALICE);
      await expect(store.addOperator(operator, digest('web'), ALICE)).rejects.toMatchObject(taken);
      await expect(store.addClient({ ...client, id: 'xml' }, digest('web'), ALICE)).rejects.toMatchObject(
        taken,
      );
      const holder = { kind: 'svc', holderId: 'web', revokedAt: null } as const;
      await store.replaceCredential({ ...holder, digest: digest('new'), createdAt: 30 }, ALICE);
      const back = store.replaceCredential({ ...holder, digest: digest('web'), createdAt: 31 }, ALICE);
      await expect(back).rejects.toMatchObject(taken);
    });

    it('adds and withdraws grants one by one', async () => {
      const { store, audited } = await open();
      const sign = { scopeId: 'payments', action: 'sign' } as const;
      const verify = { scopeId: 'mail', action: 'verify' } as const;
      await store.addClient(client, digest('web'), ALICE);
      await store.addGrant('web', sign, ALICE);
      await store.addGrant('web', verify, ALICE);
      await store.addGrant('web', sign, ALICE);
      expect(followed(store).clients[0]?.grants).toEqual([verify, sign]);
      await store.removeGrant('web', verify, ALICE);
      expect(followed(store).clients[0]?.grants).toEqual([sign]);
      expect((await audited()).slice(1)).toMatchObject([
        { type: 'grant.added', details: { scope: 'payments', action: 'sign' } },
        { type: 'grant.added', details: { scope: 'mail', action: 'verify' } },
        { type: 'grant.added', details: { scope: 'payments', action: 'sign' } },
        { type: 'grant.withdrawn', subject: 'client:web', details: { scope: 'mail', action: 'verify' } },
      ]);
    });
  });
}
