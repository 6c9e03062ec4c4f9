import { beforeEach, describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { FIRST_TOKEN, NO_TIMES, type SigningKey } from '../../../src/kernel/key.ts';
import type { KeyAct, KeyLifecycleChange } from '../../../src/kernel/registry.ts';
import { createKeyAdministration, createKeySuspender } from '../../../src/keys/administer-keys.ts';
import { IssuanceLock, type KeyActName } from '../../../src/keys/key-administration.ts';
import { createKeyChanges } from '../../../src/keys/key-changes.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import type { KeyPlan } from '../../../src/keys/lifecycle/plans.ts';
import { requireTrustedToken } from '../../../src/keys/make-key.ts';
import { putChanges, putKeys } from '../../support/changed-keys.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const PERIOD = 14 * 86_400;
const ADA = { operatorId: 'ada', requestId: 'req-1' };
const scope = aScope({ id: 'payments' });
const active = aSigningKey(scope, softwareKey('ES256'), {
  signFrom: NOW - 100,
  signUntil: NOW + 1_000,
  createdAt: 1,
});
const standby = aSigningKey(scope, softwareKey('ES256'), {
  state: 'pre_activation',
  signFrom: null,
  signUntil: NOW + 2 * PERIOD,
  publishedAt: NOW - 86_400,
  createdAt: 2,
});
const former = aSigningKey(scope, softwareKey('ES256'), {
  state: 'deactivated',
  signFrom: 1,
  signUntil: NOW - 100,
  createdAt: 0,
});

const late = aSigningKey(scope, softwareKey('ES256'), {
  state: 'pre_activation',
  signFrom: null,
  signUntil: NOW + PERIOD,
  createdAt: 3,
});

let ring: KeyRingKeeper;
let commits: { changes: readonly KeyLifecycleChange[]; act: KeyAct }[];
let failure: Error | undefined;
/** A key on the token of which the registry knows and the plan may not. */
let beside: { readonly kid: string; readonly joins: boolean; refusals: number } | undefined;
let told: Pick<KeyPlan, 'changes'>[];
/** What the view of the registry is told when a change fails that was committed before. */
let committedBefore: (() => void) | undefined;
beforeEach(() => {
  ring = createKeyRing();
  ring.put({ scopes: [scope], keys: [active, standby, former] });
  commits = [];
  failure = undefined;
  beside = undefined;
  told = [];
  committedBefore = undefined;
});

const commit = async (
  changes: readonly KeyLifecycleChange[],
  act: KeyAct,
  may: { readonly leaveOut: boolean } = { leaveOut: false },
) => {
  if (failure) {
    committedBefore?.();
    throw failure;
  }
  if (beside && !may.leaveOut && !changes.some(({ after }) => after.kid === beside?.kid)) {
    beside.refusals += 1;
    if (beside.joins) putKeys(ring, 'payments', [late]);
    throw new KeywardError('key_changed', `Key ${late.kid} was made on the HSM token meanwhile; ask again.`);
  }
  commits.push({ changes, act });
  putChanges(ring, changes);
};

const keys = () =>
  createKeyAdministration({
    registry: { isReplicated: () => true },
    changes: createKeyChanges({
      keyRing: ring,
      registry: {
        restrictKeys: commit,
        changeKeys: commit,
        signPending: async () => {},
      },
      holds: new IssuanceLock(),
    }),
    keyRing: ring,
    signer: {
      tokens: [FIRST_TOKEN, 'partner'],
      serveAlso: async (references) => references.map(({ kid }) => proofOf(kid)),
    },
    clock: { nowSeconds: () => NOW },
    graceSeconds: 3_600,
    onChanged: (plan) => told.push(plan),
  });

const proofOf = (kid: string) => ({ kid, proven: true, found: true, attributes: {}, unproven: [] });
const perform = (act: KeyActName, kid: string, more: { why?: string; keepForForensics?: boolean } = {}) =>
  keys().perform({ act, kid, why: '', cause: 'two_persons', ...more }, ADA);
const suspend = (kid: string, why = '') => perform('suspend', kid, { why });

const activated: SigningKey = {
  ...standby,
  state: 'active',
  signFrom: NOW,
  signUntil: NOW + PERIOD,
  times: { ...NO_TIMES, activated: NOW },
};

const suspendedNow = (key: SigningKey): SigningKey => ({
  ...key,
  state: 'suspended',
  times: { ...NO_TIMES, suspended: NOW },
});
const states = () => new Map(ring.knownKeysOf('payments').map(({ key }) => [key.kid, key.state]));

describe('suspending the key that signs', () => {
  it('commits it together with the promotion of the standby, for one cryptoperiod from now', async () => {
    await suspend(active.kid, 'an investigation');
    expect(commits).toEqual([
      {
        changes: [
          { before: active, after: suspendedNow(active) },
          { before: standby, after: activated },
        ],
        act: {
          type: 'key.suspended',
          actor: ADA,
          subject: `key:${active.kid}`,
          details: { scope: 'payments', why: 'an investigation', promoted: standby.kid },
        },
      },
    ]);
  });

  it('is in the ring when it settles, in a key set of the next version', async () => {
    const outcome = await suspend(active.kid);
    expect(outcome).toEqual({
      key: suspendedNow(active),
      promoted: activated,
      already: false,
      replicated: true,
    });
    expect(ring.activeKey('payments')).toEqual(activated);
    expect(states().get(active.kid)).toBe('suspended');
    expect(ring.scope('payments')?.keySetVersion).toBe(2);
    expect(told).toHaveLength(1);
  });

  it('never lets the standby sign longer than it was published to', async () => {
    ring.put({ scopes: [scope], keys: [active, { ...standby, signUntil: NOW + 500 }] });
    expect((await suspend(active.kid)).promoted?.signUntil).toBe(NOW + 500);
  });

  it('promotes one standby, however many alarms come at once, and says that it was so before', async () => {
    const one = keys();
    const [first, ...others] = await Promise.all(
      ['a', 'b', 'c'].map((why) =>
        one.perform({ act: 'suspend', kid: active.kid, why, cause: 'keyward' }, ADA),
      ),
    );
    expect(first?.promoted?.kid).toBe(standby.kid);
    const already = { key: suspendedNow(active), promoted: undefined, already: true, replicated: true };
    expect(others).toEqual([already, already]);
    expect(commits).toHaveLength(1);
    expect(told).toHaveLength(1);
  });

  it('leaves the scope without a key that signs where there is no proven standby', async () => {
    ring.applyProofs([{ ...proofOf(standby.kid), proven: false }]);
    expect((await suspend(active.kid)).promoted).toBeUndefined();
    expect(ring.activeKey('payments')).toBeUndefined();
  });

  it('changes nothing where it cannot be committed, and can be asked again', async () => {
    failure = new Error('disk full');
    await expect(suspend(active.kid)).rejects.toBe(failure);
    expect(ring.activeKey('payments')).toBe(active);
    expect(told).toEqual([]);
    failure = undefined;
    expect((await suspend(active.kid)).key.kid).toBe(active.kid);
  });
});

describe('an attempt whose answer was lost', () => {
  it('is taken over from the registry, where it was committed, and suspends nothing more', async () => {
    failure = new KeywardError('key_changed', 'the registry holds it already');
    const promoted = { state: 'active', signFrom: NOW - 5, signUntil: NOW + PERIOD - 5 } as const;
    const suspended = { ...active, state: 'suspended' } as const;
    committedBefore = () => putKeys(ring, 'payments', [suspended, { ...standby, ...promoted }]);
    expect(await suspend(active.kid)).toEqual({
      key: { ...active, state: 'suspended' },
      promoted: undefined,
      already: true,
      replicated: true,
    });
    expect(ring.activeKey('payments')).toEqual({ ...standby, ...promoted });
    expect(states()).toEqual(
      new Map([
        [standby.kid, 'active'],
        [active.kid, 'suspended'],
        [former.kid, 'deactivated'],
      ]),
    );
  });
});

describe('suspending another key', () => {
  it.each([
    ['standby', standby],
    ['former key', former],
  ])('leaves the one that signs where it is: the %s', async (_, key) => {
    expect(await suspend(key.kid)).toEqual({
      key: suspendedNow(key),
      promoted: undefined,
      already: false,
      replicated: true,
    });
    expect(ring.activeKey('payments')).toBe(active);
    expect(ring.scope('payments')?.keySetVersion).toBe(2);
  });

  it.each(['compromised', 'destroyed'] as const)('is refused of one that is %s', async (state) => {
    ring.put({ scopes: [scope], keys: [active, { ...former, state }] });
    await expect(suspend(former.kid)).rejects.toMatchObject({ code: 'transition_forbidden' });
    expect(commits).toEqual([]);
  });

  it('is refused of a key that nobody knows', async () => {
    await expect(suspend('nobody')).rejects.toMatchObject({
      code: 'unknown_key',
      message: 'there is no key nobody; list them to see which there are',
    });
  });

  it.each(['suspended', 'compromised', 'destroyed'] as const)(
    'is nothing to an alarm that comes late, of one that is %s',
    async (state) => {
      ring.put({ scopes: [scope], keys: [active, { ...former, state }] });
      await createKeySuspender(keys(), ring).suspend(former.kid, 'an alarm', ADA);
      await createKeySuspender(keys(), ring).suspend('nobody', 'an alarm', ADA);
      expect(commits).toEqual([]);
    },
  );

  it('is done for an alarm', async () => {
    await createKeySuspender(keys(), ring).suspend(active.kid, 'an alarm', ADA);
    expect(states().get(active.kid)).toBe('suspended');
  });
});

describe('a compromise', () => {
  const compromise = (kid: string, keepForForensics = false) =>
    perform('compromise', kid, { why: 'seen in a dump', keepForForensics });

  it('is one commit with the promotion, and says whether the private half is kept', async () => {
    const outcome = await compromise(active.kid, true);
    expect(outcome.key).toMatchObject({ state: 'compromised', keptForForensics: true });
    expect(outcome.key.times.compromised).toBe(NOW);
    expect(commits).toHaveLength(1);
    expect(commits[0]?.act).toEqual({
      type: 'key.compromised',
      actor: ADA,
      subject: `key:${active.kid}`,
      details: {
        scope: 'payments',
        why: 'seen in a dump',
        promoted: standby.kid,
        kept_for_forensics: true,
      },
    });
    expect(ring.activeKey('payments')?.kid).toBe(standby.kid);
  });

  it('twice says so and changes nothing', async () => {
    const { key } = await compromise(active.kid);
    expect(await compromise(active.kid, true)).toEqual({
      key,
      promoted: undefined,
      already: true,
      replicated: true,
    });
    expect(commits).toHaveLength(1);
  });

  it('reaches a key that failed its proof', async () => {
    ring.applyProofs([{ ...proofOf(active.kid), proven: false }]);
    expect((await compromise(active.kid)).promoted?.kid).toBe(standby.kid);
  });
});

describe('a rotation', () => {
  const rotate = () => keys().rotate('payments', 'by hand', 'operator', ADA);

  it('lets the standby sign and the former key no more', async () => {
    expect(await rotate()).toMatchObject({
      activated: { kid: standby.kid, state: 'active', signUntil: NOW + PERIOD },
      deactivated: { kid: active.kid, state: 'deactivated', signUntil: active.signUntil },
    });
    expect(commits[0]?.act).toMatchObject({
      type: 'key.rotated',
      subject: 'scope:payments',
      details: { why: 'by hand', activated: standby.kid, deactivated: active.kid },
    });
  });

  it('is undone within the grace, once the HSM has proven the key again', async () => {
    await rotate();
    const outcome = await perform('undo_rotation', active.kid);
    expect(outcome.promoted).toMatchObject({ kid: active.kid, state: 'active' });
    expect(states().get(standby.kid)).toBe('deactivated');
    expect(commits.at(-1)?.act).toMatchObject({
      type: 'key.rotation_undone',
      subject: `key:${active.kid}`,
    });
  });
});

describe('resuming', () => {
  it('makes what the key signed good again, and nothing that it could sign from now on', async () => {
    await suspend(active.kid);
    const { key } = await perform('resume', active.kid);
    expect(key).toMatchObject({ state: 'deactivated', signUntil: NOW, times: { resumed: NOW } });
    expect(ring.activeKey('payments')?.kid).toBe(standby.kid);
  });
});

describe('destroying', () => {
  it('brings the end of a deactivated key’s private half forward, and twice says so', async () => {
    ring.put({ scopes: [scope], keys: [active, { ...former, signUntil: NOW + 50 }] });
    expect((await perform('destroy', former.kid)).key).toMatchObject({
      state: 'deactivated',
      signUntil: NOW,
    });
    expect((await perform('destroy', former.kid)).already).toBe(true);
  });

  it('ends the keeping of a compromised key', async () => {
    await perform('compromise', active.kid, { keepForForensics: true });
    expect((await perform('destroy', active.kid)).key.keptForForensics).toBe(false);
  });

  it('takes a standby away, and refuses the key that signs', async () => {
    expect((await perform('destroy', standby.kid)).key.state).toBe('destroyed');
    await expect(perform('destroy', active.kid)).rejects.toMatchObject({ code: 'transition_forbidden' });
  });
});

describe('the compromise of an HSM token', () => {
  const compromiseToken = (hsmToken: string, keepForForensics = false) =>
    keys().compromiseToken({ hsmToken, why: 'the PIN was in a mail', keepForForensics }, ADA);
  const mail = aScope({ id: 'mail' });
  const onPartner = aSigningKey(mail, softwareKey('ES256'), {
    signFrom: NOW - 10,
    signUntil: NOW + 1_000,
    hsmToken: 'partner',
  });

  it('is one commit for every key on it, in all scopes, and for none beside it', async () => {
    ring.put({ scopes: [mail], keys: [onPartner] });
    const { compromised, started, waiting } = await compromiseToken(FIRST_TOKEN);
    expect(new Set(compromised.map(({ kid }) => kid))).toEqual(
      new Set([active.kid, standby.kid, former.kid]),
    );
    expect([started, waiting]).toEqual([[], ['payments']]);
    expect(commits).toHaveLength(1);
    expect(commits[0]?.act).toEqual({
      type: 'hsm.compromised',
      actor: ADA,
      subject: 'hsm:primary',
      details: {
        why: 'the PIN was in a mail',
        keys: 3,
        promoted: [],
        waiting: ['payments'],
        kept_for_forensics: false,
      },
    });
    expect(ring.activeKey('payments')).toBeUndefined();
    expect(ring.activeKey('mail')).toBe(onPartner);
  });

  it('takes along a key that came to be while it was planned', async () => {
    beside = { kid: late.kid, joins: true, refusals: 0 };
    const { compromised } = await compromiseToken(FIRST_TOKEN);
    expect(beside.refusals).toBe(1);
    expect(compromised.map(({ kid }) => kid)).toContain(late.kid);
    expect(ring.knownKey(late.kid)?.key.state).toBe('compromised');
  });

  it('is not held up by a row that was refused and never joins the plan', async () => {
    beside = { kid: late.kid, joins: false, refusals: 0 };
    const { compromised } = await compromiseToken(FIRST_TOKEN);
    expect(beside.refusals).toBe(2);
    expect(compromised).toHaveLength(3);
    expect(ring.activeKey('payments')).toBeUndefined();
  });

  it('lets a standby on another token sign', async () => {
    const elsewhere = { ...standby, hsmToken: 'partner' };
    ring.put({ scopes: [scope], keys: [active, elsewhere, former] });
    const { started, waiting } = await compromiseToken(FIRST_TOKEN);
    expect(started.map(({ kid }) => kid)).toEqual([standby.kid]);
    expect(waiting).toEqual([]);
    expect(ring.activeKey('payments')?.kid).toBe(standby.kid);
  });

  it('keeps the private halves where that is asked for, and twice changes nothing', async () => {
    const { compromised } = await compromiseToken(FIRST_TOKEN, true);
    expect(compromised.every(({ keptForForensics }) => keptForForensics)).toBe(true);
    expect((await compromiseToken(FIRST_TOKEN)).changes).toEqual([]);
    expect(commits).toHaveLength(1);
  });

  it('lets no key be made there again, and some elsewhere', async () => {
    expect(() => requireTrustedToken(ring, FIRST_TOKEN)).not.toThrow();
    await perform('compromise', former.kid);
    await compromiseToken(FIRST_TOKEN);
    expect(() => requireTrustedToken(ring, FIRST_TOKEN)).toThrow(
      expect.objectContaining({ code: 'hsm_token_compromised' }),
    );
    expect(() => requireTrustedToken(ring, 'partner')).not.toThrow();
  });

  it('is refused of a token that the configuration does not name', async () => {
    await expect(compromiseToken('elsewhere')).rejects.toMatchObject({ code: 'unknown_hsm_token' });
  });
});
