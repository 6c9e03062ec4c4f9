import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/kernel/audit.ts';
import type { KeyLifecycleChange, Registry, StoredKey } from '../../src/kernel/registry.ts';
import {
  ALICE,
  hsmId,
  keySample,
  made,
  madeKey,
  placeSample,
  REGISTRY_KEY,
  scopeSample,
} from '../support/registry-samples.ts';

/** A registry under test, and its audit trail, read past it. */
export interface RegistryBackend {
  readonly registry: Registry;
  /** The same storage, opened anew. */
  reopen(): Promise<Registry>;
  audited(): Promise<readonly AuditEvent[]>;
}

const shown = (kid: string) => ({
  hsm_token: 'primary',
  proof: {
    attributes: { CKA_EXTRACTABLE: false },
    mechanism: { name: 'CKM_ECDSA', number: 0x1041 },
    token: { label: 'keyward', serial: '42', manufacturer: 'Acme', model: 'HSM 2', firmware: '2.6' },
    statement: `header.proof-of-${kid}.signature`,
  },
});
const COMPROMISE = { type: 'hsm.compromised', subject: 'hsm:primary', details: {}, actor: ALICE };
const marked = (before: StoredKey): KeyLifecycleChange => ({
  before,
  after: { ...before, state: 'compromised', times: { ...before.times, compromised: 1, tokenCompromised: 1 } },
});
const EMPTY = { scopes: [], keys: [], unfinished: [] };
const contentOf = async (registry: Registry) => ({
  ...(await registry.load()),
  unfinished: await registry.unfinishedScopes(),
});

/** What every implementation of the `Registry` port does. */
export function registryContract(name: string, open: () => Promise<RegistryBackend>): void {
  describe(`${name} as a registry`, () => {
    it('is empty at first', async () => {
      const { registry } = await open();
      expect(await contentOf(registry)).toEqual(EMPTY);
      expect(await registry.serviceKey('registry')).toBeUndefined();
    });

    it('shows a reserved scope as unfinished, with its HSM ids, and not as a scope', async () => {
      const { registry, audited } = await open();
      await registry.reserveScope(scopeSample('payments'), [placeSample(1), placeSample(2)], ALICE);
      expect(await contentOf(registry)).toEqual({
        ...EMPTY,
        unfinished: [
          {
            scopeId: 'payments',
            since: scopeSample('payments').createdAt,
            keys: [placeSample(1), placeSample(2)],
          },
        ],
      });
      expect(await audited()).toEqual([
        {
          type: 'scope.reserved',
          actor: 'alice',
          subject: 'scope:payments',
          requestId: 'req-1',
          details: { hsm_ids: [hsmId(1), hsmId(2)], hsm_token: 'primary', standby_token: null },
        },
      ]);
    });

    it('gives scope and keys back to the last value, newest key first, also when opened anew', async () => {
      const { registry, reopen, audited } = await open();
      const scope = scopeSample('payments', {
        policy: { ...scopeSample('payments').policy, tokenTypes: ['JWT'], requireSubject: false },
      });
      const active = keySample(scope, 1, { state: 'active', signFrom: 1_760_000_003 });
      const standby = keySample(scope, 2, { createdAt: active.createdAt + 1 });
      await registry.reserveScope(scope, [placeSample(1), placeSample(2)], ALICE);
      await registry.completeScope('payments', made(active, standby), ALICE);
      const expected = { scopes: [scope], keys: [standby, active], unfinished: [] };
      expect(await contentOf(registry)).toEqual(expected);
      expect(await contentOf(await reopen())).toEqual(expected);
      expect((await audited())[1]).toEqual({
        type: 'scope.created',
        actor: 'alice',
        subject: 'scope:payments',
        requestId: 'req-1',
        details: {
          keys: [
            { kid: 'kid-payments-1', state: 'active', hsm_id: hsmId(1), ...shown('kid-payments-1') },
            { kid: 'kid-payments-2', state: 'pre_activation', hsm_id: hsmId(2), ...shown('kid-payments-2') },
          ],
        },
      });
    });

    it('keeps the standby’s HSM token, and takes each key from where it was reserved alone', async () => {
      const { registry, reopen } = await open();
      const scope = scopeSample('payments', { standbyToken: 'other' });
      await registry.reserveScope(scope, [placeSample(1), placeSample(2, 'other')], ALICE);
      const [active, standby] = [keySample(scope, 1), keySample(scope, 2, { hsmToken: 'other' })];
      for (const misplaced of [
        [active, { ...standby, hsmToken: 'primary' }],
        [{ ...active, hsmToken: 'other' }, standby],
      ]) {
        await expect(registry.completeScope('payments', made(...misplaced), ALICE)).rejects.toThrow();
      }
      await registry.completeScope('payments', made(active, standby), ALICE);
      const { scopes, keys } = await contentOf(await reopen());
      expect(scopes).toEqual([scope]);
      expect(keys.map(({ hsmToken }) => hsmToken).sort()).toEqual(['other', 'primary']);
      const revised = await registry.reviseScope('payments', () => ({ standbyToken: null }), ALICE);
      expect([revised.before.standbyToken, revised.after.standbyToken]).toEqual(['other', null]);
      expect((await contentOf(await reopen())).scopes).toEqual([{ ...scope, standbyToken: null }]);
    });

    it('keeps an RSA scope and its modulus', async () => {
      const { registry } = await open();
      const scope = scopeSample('mail', { algorithm: 'PS256', modulusBits: 3072 });
      const key = keySample(scope, 1, { publicJwk: { kty: 'RSA', n: 'modulus', e: 'AQAB' } });
      await registry.reserveScope(scope, [placeSample(1)], ALICE);
      await registry.completeScope('mail', made(key), ALICE);
      expect(await contentOf(registry)).toEqual({ scopes: [scope], keys: [key], unfinished: [] });
    });

    it('refuses a scope id that is taken, reserved ones included, and audits no refusal', async () => {
      const { registry, audited } = await open();
      await registry.reserveScope(scopeSample('payments'), [placeSample(1)], ALICE);
      const second = scopeSample('payments', { audience: 'https://other.example' });
      await expect(registry.reserveScope(second, [placeSample(2)], ALICE)).rejects.toMatchObject({
        code: 'scope_exists',
        message: 'There is a scope payments already; choose another id.',
      });
      expect(await audited()).toHaveLength(1);
    });

    it('refuses a pair of issuer and audience that is taken, and takes either alone', async () => {
      const { registry } = await open();
      const payments = scopeSample('payments');
      const { issuer, audience } = payments;
      await registry.reserveScope(payments, [placeSample(1)], ALICE);
      const same = scopeSample('other', { issuer, audience });
      await expect(registry.reserveScope(same, [placeSample(2)], ALICE)).rejects.toMatchObject({
        code: 'issuer_audience_taken',
        message: 'Scope payments has this issuer and audience already.',
      });
      await registry.reserveScope(scopeSample('other', { issuer }), [placeSample(2)], ALICE);
      await registry.reserveScope(scopeSample('third', { audience }), [placeSample(3)], ALICE);
      expect((await contentOf(registry)).unfinished.map(({ scopeId }) => scopeId)).toEqual([
        'other',
        'payments',
        'third',
      ]);
    });

    it('completes nothing unless every key fits a reservation of that scope', async () => {
      const { registry, audited } = await open();
      const scope = scopeSample('payments');
      const keys = [keySample(scope, 1), keySample(scope, 2)];
      await registry.reserveScope(scope, [placeSample(1), placeSample(2)], ALICE);
      await registry.reserveScope(scopeSample('mail'), [placeSample(3)], ALICE);
      const before = await contentOf(registry);
      const misfits = [
        [keySample(scope, 1)],
        [...keys, keySample(scope, 9)],
        [keySample(scope, 1), keySample(scope, 3)],
        [keySample(scope, 1), keySample(scopeSample('mail'), 3)],
        [keySample(scope, 1), keySample(scope, 2, { kid: 'not the kid of the binding' })],
        [keySample(scope, 1, { state: 'active' }), keySample(scope, 2, { state: 'active' })],
      ];
      for (const misfit of misfits) {
        await expect(registry.completeScope('payments', made(...misfit), ALICE)).rejects.toMatchObject({
          code: 'internal',
        });
      }
      expect(await contentOf(registry)).toEqual(before);
      expect(await audited()).toHaveLength(2);
      await registry.completeScope('payments', made(...keys), ALICE);
      expect((await contentOf(registry)).scopes).toEqual([scope]);
    });

    it('frees id, pair and HSM ids of an abandoned reservation', async () => {
      const { registry, audited } = await open();
      await registry.reserveScope(scopeSample('payments'), [placeSample(1)], ALICE);
      await registry.abandonScope('payments', 'the HSM refused', ALICE);
      expect(await contentOf(registry)).toEqual(EMPTY);
      await registry.reserveScope(scopeSample('payments'), [placeSample(1)], ALICE);
      expect((await audited())[1]).toEqual({
        type: 'scope.abandoned',
        actor: 'alice',
        subject: 'scope:payments',
        requestId: 'req-1',
        details: { why: 'the HSM refused' },
      });
    });

    it('abandons no scope that exists', async () => {
      const { registry } = await open();
      const scope = scopeSample('payments');
      await registry.reserveScope(scope, [placeSample(1)], ALICE);
      await registry.completeScope('payments', made(keySample(scope, 1)), ALICE);
      const before = await contentOf(registry);
      await expect(registry.abandonScope('payments', 'a mistake', ALICE)).rejects.toMatchObject({
        code: 'internal',
      });
      expect(await contentOf(registry)).toEqual(before);
    });

    it('reserves another key for a scope that exists, and takes it into a key set of the next version', async () => {
      const { registry, reopen, audited } = await open();
      const scope = scopeSample('payments');
      await registry.reserveScope(scope, [placeSample(1)], ALICE);
      await registry.completeScope('payments', made(keySample(scope, 1)), ALICE);
      const reservation = { scopeId: 'payments', hsmToken: 'primary', hsmId: hsmId(2) };
      await registry.reserveKey(reservation, scope.createdAt + 5, ALICE);
      expect(await registry.reservedKeys()).toEqual([{ ...reservation, since: scope.createdAt + 5 }]);
      expect((await contentOf(registry)).keys).toEqual([keySample(scope, 1)]);
      const added = keySample(scope, 2, { createdAt: scope.createdAt + 9 });
      await registry.completeKey(madeKey(added), ALICE);
      const loaded = {
        ...EMPTY,
        scopes: [{ ...scope, keySetVersion: 2 }],
        keys: [added, keySample(scope, 1)],
      };
      expect(await contentOf(registry)).toEqual(loaded);
      expect(await contentOf(await reopen())).toEqual(loaded);
      expect(await registry.reservedKeys()).toEqual([]);
      expect((await audited()).slice(2)).toMatchObject([
        { type: 'key.reserved', subject: 'scope:payments', details: { hsm_id: hsmId(2) } },
        {
          type: 'key.created',
          subject: `key:${added.kid}`,
          details: { scope: 'payments', state: 'pre_activation', hsm_id: hsmId(2), ...shown(added.kid) },
        },
      ]);
    });

    it('frees the HSM id of a key that was not made, and completes none that is not reserved', async () => {
      const { registry } = await open();
      const scope = scopeSample('payments');
      const reservation = { scopeId: 'payments', hsmToken: 'primary', hsmId: hsmId(2) };
      const refused = { code: 'internal' };
      await expect(registry.reserveKey(reservation, 1, ALICE)).rejects.toMatchObject(refused);
      await registry.reserveScope(scope, [placeSample(1)], ALICE);
      await expect(registry.reserveKey(reservation, 1, ALICE)).rejects.toMatchObject(refused);
      expect(await registry.reservedKeys()).toEqual([]);
      await registry.completeScope('payments', made(keySample(scope, 1)), ALICE);
      await registry.reserveKey(reservation, 1, ALICE);
      await registry.abandonKey(reservation, 'the HSM refused', ALICE);
      expect(await registry.reservedKeys()).toEqual([]);
      await expect(registry.completeKey(madeKey(keySample(scope, 2)), ALICE)).rejects.toMatchObject(refused);
      await expect(registry.abandonKey(reservation, 'again', ALICE)).rejects.toMatchObject(refused);
      expect((await contentOf(registry)).scopes).toEqual([scope]);
    });

    it('a key that was in the making when its HSM token was compromised does not come to be', async () => {
      const { registry } = await open();
      const [payments, elsewhere] = [scopeSample('payments'), scopeSample('mail', { hsmToken: 'other' })];
      for (const [n, scope] of [payments, elsewhere].entries()) {
        await registry.reserveScope(scope, [placeSample(2 * n, scope.hsmToken)], ALICE);
        await registry.completeScope(scope.id, made(keySample(scope, 2 * n)), ALICE);
        const reservation = { scopeId: scope.id, hsmToken: scope.hsmToken, hsmId: hsmId(2 * n + 1) };
        await registry.reserveKey(reservation, 1, ALICE);
      }
      const orders = scopeSample('orders');
      await registry.reserveScope(orders, [placeSample(9)], ALICE);
      await registry.restrictKeys([marked(keySample(payments, 0))], COMPROMISE);
      const refused = { code: 'hsm_token_compromised' };
      await expect(registry.completeKey(madeKey(keySample(payments, 1)), ALICE)).rejects.toMatchObject(
        refused,
      );
      const first = made(keySample(orders, 9));
      await expect(registry.completeScope('orders', first, ALICE)).rejects.toMatchObject(refused);
      await registry.completeKey(madeKey(keySample(elsewhere, 3)), ALICE);
      expect((await contentOf(registry)).keys.map(({ kid }) => kid).sort()).toEqual([
        'kid-mail-2',
        'kid-mail-3',
        'kid-payments-0',
      ]);
    });

    it('the compromise of an HSM token leaves out no key that came to be meanwhile', async () => {
      const { registry } = await open();
      const [payments, elsewhere] = [scopeSample('payments'), scopeSample('mail', { hsmToken: 'other' })];
      const keys = [keySample(payments, 1), keySample(payments, 2)] as const;
      await registry.reserveScope(payments, [placeSample(1), placeSample(2)], ALICE);
      await registry.completeScope('payments', made(...keys), ALICE);
      await registry.reserveScope(elsewhere, [placeSample(3, 'other')], ALICE);
      await registry.completeScope('mail', made(keySample(elsewhere, 3)), ALICE);
      await expect(registry.restrictKeys([marked(keys[0])], COMPROMISE)).rejects.toMatchObject({
        code: 'key_changed',
      });
      expect((await contentOf(registry)).keys.map(({ state }) => state)).not.toContain('compromised');
      await registry.restrictKeys(keys.map(marked), COMPROMISE);
      expect((await contentOf(registry)).keys.map(({ kid, state }) => [kid, state]).sort()).toEqual([
        ['kid-mail-3', 'pre_activation'],
        ['kid-payments-1', 'compromised'],
        ['kid-payments-2', 'compromised'],
      ]);
    });

    it('the compromise of an HSM token is not held up for good by a row that it leaves out', async () => {
      const { registry } = await open();
      const payments = scopeSample('payments');
      const keys = [keySample(payments, 1), keySample(payments, 2)] as const;
      await registry.reserveScope(payments, [placeSample(1), placeSample(2)], ALICE);
      await registry.completeScope('payments', made(...keys), ALICE);
      await registry.restrictKeys([marked(keys[0])], COMPROMISE, { leaveOut: true });
      expect((await contentOf(registry)).keys.map(({ kid, state }) => [kid, state]).sort()).toEqual([
        ['kid-payments-1', 'compromised'],
        ['kid-payments-2', 'pre_activation'],
      ]);
    });

    it('revises policy and contacts, tells of what was and is, and commits nothing where nothing differs', async () => {
      const { registry, reopen, audited } = await open();
      const scope = scopeSample('payments');
      await registry.reserveScope(scope, [placeSample(1)], ALICE);
      await registry.completeScope('payments', made(keySample(scope, 1)), ALICE);
      const policy = { ...scope.policy, maxTtlSeconds: 7_200, clockSkewSeconds: 10 };
      const contacts = ['security@id.example'];
      const { before, after } = await registry.reviseScope('payments', () => ({ policy, contacts }), ALICE);
      expect(before).toEqual(scope);
      expect(after).toMatchObject({ id: 'payments', policy, contacts });
      const revised = { ...scope, policy, contacts, keySetVersion: 2 };
      expect((await contentOf(registry)).scopes).toEqual([revised]);
      expect((await contentOf(await reopen())).scopes).toEqual([revised]);
      expect((await audited()).slice(2)).toEqual([
        {
          type: 'scope.changed',
          actor: 'alice',
          subject: 'scope:payments',
          requestId: 'req-1',
          details: {
            was: { max_ttl_seconds: 3_600, clock_skew_seconds: 30, contacts: [] },
            is: { max_ttl_seconds: 7_200, clock_skew_seconds: 10, contacts },
            weakens: ['max_ttl_seconds', 'contacts'],
          },
        },
      ]);
      await registry.reviseScope('payments', (current) => current, ALICE);
      await registry.reviseScope('payments', () => ({ policy, contacts: [] }), ALICE);
      expect((await contentOf(registry)).scopes).toEqual([{ ...revised, contacts: [] }]);
      expect(await audited()).toHaveLength(4);
    });

    it('revises no scope that is not there, or only reserved, and none whose revision is refused', async () => {
      const { registry, audited } = await open();
      await registry.reserveScope(scopeSample('payments'), [placeSample(1)], ALICE);
      for (const id of ['payments', 'ghost']) {
        const revising = registry.reviseScope(id, (scope) => scope, ALICE);
        await expect(revising).rejects.toMatchObject({ code: 'unknown_scope' });
      }
      await registry.completeScope('payments', made(keySample(scopeSample('payments'), 1)), ALICE);
      const refused = () => {
        throw new Error('no such policy');
      };
      await expect(registry.reviseScope('payments', refused, ALICE)).rejects.toThrow('no such policy');
      expect((await contentOf(registry)).scopes).toEqual([scopeSample('payments')]);
      expect(await audited()).toHaveLength(2);
    });

    it('keeps a pause of the rotation until it is ended, and audits each change of it', async () => {
      const { registry, reopen, audited } = await open();
      const scope = scopeSample('payments');
      await registry.reserveScope(scope, [placeSample(1)], ALICE);
      const pause = { until: 1_760_100_000, reason: 'a move' };
      await expect(registry.setRotationPause('payments', pause, ALICE)).rejects.toMatchObject({
        code: 'unknown_scope',
      });
      await registry.completeScope('payments', made(keySample(scope, 1)), ALICE);
      await registry.setRotationPause('payments', pause, ALICE);
      await registry.setRotationPause('payments', pause, { ...ALICE, alone: true });
      expect((await contentOf(await reopen())).scopes).toEqual([{ ...scope, rotationPause: pause }]);
      await registry.setRotationPause('payments', null, ALICE);
      await registry.setRotationPause('payments', null, ALICE);
      await expect(
        registry.setRotationPause('payments', pause, { ...ALICE, alone: true }),
      ).rejects.toMatchObject({ code: 'proposal_outdated' });
      expect((await contentOf(registry)).scopes).toEqual([scope]);
      const event = { actor: 'alice', subject: 'scope:payments', requestId: 'req-1' };
      expect((await audited()).slice(2)).toEqual([
        { ...event, type: 'rotation.paused', details: { was: null, is: pause } },
        { ...event, type: 'rotation.resumed', details: { was: pause, is: null } },
      ]);
    });

    it('keeps one key for each service role', async () => {
      const { registry, reopen, audited } = await open();
      await registry.addServiceKey(REGISTRY_KEY, ALICE);
      expect(await (await reopen()).serviceKey('registry')).toEqual(REGISTRY_KEY);
      expect(await registry.serviceKey('audit')).toBeUndefined();
      const second = { ...REGISTRY_KEY, kid: 'second', hsmId: hsmId(0xfe) };
      await expect(registry.addServiceKey(second, ALICE)).rejects.toMatchObject({ code: 'internal' });
      expect(await registry.serviceKey('registry')).toEqual(REGISTRY_KEY);
      expect(await audited()).toEqual([
        {
          type: 'service_key.added',
          actor: 'alice',
          subject: `key:${REGISTRY_KEY.kid}`,
          requestId: 'req-1',
          details: { role: 'registry' },
        },
      ]);
    });
  });
}
