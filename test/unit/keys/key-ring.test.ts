import { beforeEach, describe, expect, it } from 'vitest';
import { type KeyState, NO_TIMES } from '../../../src/kernel/key.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import type { ScopeKeys } from '../../../src/keys/lifecycle/plans.ts';
import { putKeys } from '../../support/changed-keys.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const scope = aScope({ id: 'payments' });
const active = aSigningKey(scope, softwareKey('ES256'), { signFrom: 10, signUntil: 100, createdAt: 10 });
const standby = aSigningKey(scope, softwareKey('ES256'), {
  state: 'pre_activation',
  signFrom: null,
  signUntil: 200,
  createdAt: 20,
});
const proof = (kid: string, changes: { proven: boolean; found: boolean }) => ({
  kid,
  attributes: {},
  unproven: [],
  ...changes,
});

let ring: KeyRingKeeper;
beforeEach(() => {
  ring = createKeyRing();
  ring.put({ scopes: [scope], keys: [active, standby] });
});

describe('the key ring', () => {
  it('answers with the active key, and with all keys of a scope, newest first', () => {
    expect(ring.activeKey('payments')).toBe(active);
    expect(ring.keysOf('payments')).toStrictEqual([standby, active]);
    expect(ring.keyNamed(standby.kid)).toBe(standby);
    expect([ring.scope('payments'), ring.scope('mail')]).toStrictEqual([scope, undefined]);
  });

  it('takes a key that is found and not proven out of every answer, and back once it is proven', () => {
    ring.applyProofs([proof(active.kid, { found: true, proven: false })]);
    expect(ring.activeKey('payments')).toBeUndefined();
    expect(ring.keysOf('payments')).toStrictEqual([standby]);
    expect(ring.keyNamed(active.kid)).toBeUndefined();
    ring.applyProofs([proof(active.kid, { found: true, proven: true })]);
    expect(ring.activeKey('payments')).toBe(active);
  });

  it('leaves a key that the HSM does not show where it is: an outage says nothing against its public half', () => {
    ring.applyProofs([proof(active.kid, { found: false, proven: false })]);
    expect(ring.activeKey('payments')).toBe(active);
  });

  it('hands a plan the same object until something has changed but the time', () => {
    const of = () => ring.scopeKeys('payments');
    const mail = aScope({ id: 'mail' });
    ring.put({ scopes: [mail], keys: [] });
    const changes: Record<string, () => void> = {
      put: () => ring.put({ scopes: [scope], keys: [active, standby] }),
      proven: () => ring.applyProofs([proof(active.kid, { found: true, proven: true })]),
      missing: () => ring.reportMissing(active.hsmToken, [active.kid]),
      away: () => ring.reportAway(active.hsmToken),
      present: () => ring.reportPresent(active.hsmToken),
      'another scope’s token compromised': () =>
        ring.put({ scopes: [mail], keys: [], blocked: [active.hsmToken] }),
    };
    for (const [what, change] of Object.entries(changes)) {
      const before = of();
      expect(of(), what).toBe(before);
      change();
      expect(of(), what).not.toBe(before);
    }
    const before = of();
    ring.reportPresent(active.hsmToken);
    ring.put({ scopes: [mail], keys: [] });
    expect(of()).toBe(before);
  });

  it('does not rely on a key that is missing, whoever says so, and believes a fresh process alone', () => {
    const of = () => ring.scopeKeys('payments') as ScopeKeys;
    const seen = () => [of().serves(standby), of().proofOf(standby)];
    expect(seen()).toEqual([true, 'unchecked']);
    ring.applyProofs([proof(standby.kid, { found: false, proven: false })]);
    expect(seen()).toEqual([false, 'unchecked']);
    ring.reportMissing(standby.hsmToken, [standby.kid]);
    expect(seen()).toEqual([false, 'missing']);
    expect([of().serves(active), of().proofOf(active)]).toEqual([true, 'unchecked']);
    ring.reportMissing(standby.hsmToken, []);
    ring.applyProofs([proof(standby.kid, { found: true, proven: true })]);
    expect(seen()).toEqual([true, 'proven']);
    ring.reportMissing('another', [standby.kid]);
    expect(seen()).toEqual([true, 'proven']);
  });

  it('counts for how long a token is away, by the first report, until it is there', () => {
    let nowMs = 5_000;
    const timed = createKeyRing(() => nowMs);
    timed.reportAway('primary');
    expect(timed.awaySeconds('primary')).toBeGreaterThan(0);
    nowMs += 4_000;
    timed.reportAway('primary');
    nowMs += 1_000;
    expect([timed.awaySeconds('primary'), timed.awaySeconds('partner')]).toEqual([5, 0]);
    timed.reportPresent('primary');
    expect(timed.awaySeconds('primary')).toBe(0);
  });

  it('does not take a key back because it has gone missing after it failed its proof', () => {
    ring.applyProofs([proof(active.kid, { found: true, proven: false })]);
    ring.applyProofs([proof(active.kid, { found: false, proven: false })]);
    expect(ring.activeKey('payments')).toBeUndefined();
  });

  it('shows the security team every key with what its last read-back said', () => {
    const statuses = () =>
      ring.knownKeysOf('payments').map(({ key, proof: { status } }) => [key.kid, status]);
    expect(statuses()).toStrictEqual([
      [standby.kid, 'unchecked'],
      [active.kid, 'unchecked'],
    ]);
    const reasons = ['CKA_EXTRACTABLE is true and must be false'];
    ring.applyProofs([
      proof(standby.kid, { found: true, proven: true }),
      { ...proof(active.kid, { found: true, proven: false }), unproven: reasons },
    ]);
    expect(ring.knownKeysOf('payments')).toStrictEqual([
      { key: standby, proof: { status: 'proven', reasons: [] } },
      { key: active, proof: { status: 'unproven', reasons } },
    ]);
    ring.applyProofs([standby, active].map(({ kid }) => proof(kid, { found: false, proven: false })));
    expect(statuses()).toStrictEqual([
      [standby.kid, 'missing'],
      [active.kid, 'unproven'],
    ]);
  });

  it('does not show a key that is destroyed', () => {
    ring.put({ scopes: [scope], keys: [active, { ...standby, state: 'destroyed' }] });
    expect(ring.knownKeysOf('payments').map(({ key }) => key.kid)).toStrictEqual([active.kid]);
  });

  it('serves nobody with a key that the compromise of its HSM token left out, and all with one elsewhere', () => {
    const times = { ...NO_TIMES, compromised: 50, tokenCompromised: 50 };
    const elsewhere = { ...standby, hsmToken: 'partner' };
    putKeys(ring, 'payments', [{ ...standby, state: 'compromised', times }]);
    putKeys(ring, 'payments', [active]);
    expect(ring.activeKey('payments')).toBeUndefined();
    expect(ring.keyNamed(active.kid)).toBeUndefined();
    expect(ring.keysOf('payments').map(({ kid }) => kid)).toStrictEqual([standby.kid]);
    expect(ring.scopeKeys('payments')?.serves(active)).toBe(false);
    expect(ring.references()).toStrictEqual([]);
    expect(ring.knownKey(active.kid)?.key).toBe(active);
    ring.put({ scopes: [scope], keys: [elsewhere] });
    expect(ring.keysOf('payments')).toStrictEqual([elsewhere]);
    expect(ring.scopeKeys('payments')?.serves(elsewhere)).toBe(true);
    expect(ring.references().map(({ kid }) => kid)).toStrictEqual([standby.kid]);
  });

  it('distrusts a token whose marked key is not among those that it was given', () => {
    ring.put({ scopes: [], keys: [], blocked: ['partner'] });
    expect(ring.activeKey('payments')).toBe(active);
    ring.put({ scopes: [], keys: [], blocked: ['primary'] });
    expect(ring.activeKey('payments')).toBeUndefined();
  });

  it('remembers the rows that were refused', () => {
    const row = { kid: 'forged', scopeId: 'payments', why: 'issuer: registry and binding record disagree' };
    ring.put({ scopes: [scope], keys: [active], refused: [row] });
    ring.put({ scopes: [aScope({ id: 'mail' })], keys: [] });
    expect(ring.refusedKeys()).toStrictEqual([row]);
    ring.put({ scopes: [scope], keys: [active] });
    expect(ring.refusedKeys()).toStrictEqual([]);
  });

  it('grows its revision with every change', () => {
    const before = ring.revision;
    ring.put({ scopes: [scope], keys: [active] });
    expect(ring.revision).toBeGreaterThan(before);
  });

  it.each([
    ['active', true],
    ['pre_activation', true],
    ['suspended', false],
    ['deactivated', false],
    ['compromised', false],
    ['destroyed', false],
  ] as [KeyState, boolean][])('has the signer take up a key that is %s: %s', (state, taken) => {
    ring.put({ scopes: [scope], keys: [{ ...active, state }] });
    expect(ring.references().some(({ kid }) => kid === active.kid)).toBe(taken);
  });

  it('takes over what keys have become, and new ones, as the next version of the key set', () => {
    const fresh = aSigningKey(scope, softwareKey('ES256'), {
      state: 'pre_activation',
      signFrom: null,
      signUntil: 300,
      createdAt: 30,
    });
    const before = ring.revision;
    putKeys(ring, 'payments', [{ ...active, state: 'suspended' }, { ...standby, state: 'active' }, fresh]);
    expect(ring.keysOf('payments').map(({ kid, state }) => [kid, state])).toStrictEqual([
      [fresh.kid, 'pre_activation'],
      [standby.kid, 'active'],
      [active.kid, 'suspended'],
    ]);
    expect(ring.activeKey('payments')?.kid).toBe(standby.kid);
    expect(ring.keyNamed(active.kid)?.state).toBe('suspended');
    expect(ring.scope('payments')?.keySetVersion).toBe(scope.keySetVersion + 1);
    expect(ring.revision).toBeGreaterThan(before);
  });

  it('knows no key that is left out of what the registry has', () => {
    ring.put({ scopes: [scope], keys: [standby] });
    expect([ring.activeKey('payments'), ring.keyNamed(active.kid), ring.knownKey(active.kid)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(ring.keyNamed(standby.kid)).toBe(standby);
  });

  it('has all of a change in force before it tells of any of it, and tells all where one listener fails', () => {
    const mail = aScope({ id: 'mail' });
    const other = aSigningKey(mail, softwareKey('ES256'), { signFrom: 10, signUntil: 100 });
    ring.put({ scopes: [mail], keys: [other] });
    const heard: unknown[] = [];
    ring.changes.subscribe(() => {
      throw new Error('a stream is broken');
    });
    ring.changes.subscribe((id) => heard.push([id, ring.activeKey('payments'), ring.activeKey('mail')]));
    const compromised = [active, other].map((key) => ({ ...key, state: 'compromised' as const }));
    expect(() => ring.put({ scopes: [scope, mail], keys: compromised })).toThrow('a stream is broken');
    expect(heard).toEqual([
      ['payments', undefined, undefined],
      ['mail', undefined, undefined],
    ]);
  });
});
