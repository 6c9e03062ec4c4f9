import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/domain/audit.ts';
import { KeywardError } from '../../../src/domain/errors.ts';
import { NO_TIMES, type SigningKey } from '../../../src/domain/key.ts';
import type { KeyLifeChange, StoredKey } from '../../../src/domain/registry.ts';
import type { Suspension } from '../../../src/domain/suspension.ts';
import { createKeyChanges } from '../../../src/keys/key-changes.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import { createKeySuspender } from '../../../src/keys/suspend-key.ts';
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
  createdAt: 2,
});
const former = aSigningKey(scope, softwareKey('ES256'), {
  state: 'deactivated',
  signFrom: 1,
  signUntil: NOW - 100,
  createdAt: 0,
});

let ring: KeyRingKeeper;
let commits: { scopeId: string; changes: readonly KeyLifeChange[]; event: AuditEvent }[];
let failure: Error | undefined;
let told: Suspension[];
let stored: StoredKey[];
beforeEach(() => {
  ring = createKeyRing();
  ring.admit(scope, [active, standby, former]);
  commits = [];
  failure = undefined;
  told = [];
  stored = [active, standby, former];
});

const commit = async (scopeId: string, changes: readonly KeyLifeChange[], event: AuditEvent) => {
  if (failure) throw failure;
  commits.push({ scopeId, changes, event });
};

const suspender = () =>
  createKeySuspender({
    changes: createKeyChanges({
      keyRing: ring,
      registry: {
        restrictKeys: commit,
        changeKeys: async () => expect.unreachable(),
        load: async () => ({ scopes: [], keys: stored, unfinished: [] }),
      },
    }),
    keyRing: ring,
    clock: { nowSeconds: () => NOW },
    graceSeconds: 3_600,
    onSuspended: (suspension) => told.push(suspension),
  });

const suspendedNow = (key: SigningKey): SigningKey => ({
  ...key,
  state: 'suspended',
  times: { ...NO_TIMES, suspended: NOW },
});
const states = () => new Map(ring.knownKeysOf('payments').map(({ key }) => [key.kid, key.state]));

describe('suspending the key that signs', () => {
  it('commits it together with the promotion of the standby, for one cryptoperiod from now', async () => {
    await suspender().suspend(active.kid, 'an investigation', ADA);
    expect(commits).toEqual([
      {
        scopeId: 'payments',
        changes: [
          { before: active, after: suspendedNow(active) },
          {
            before: standby,
            after: {
              ...standby,
              state: 'active',
              signFrom: NOW,
              signUntil: NOW + PERIOD,
              times: { ...NO_TIMES, activated: NOW },
            },
          },
        ],
        event: {
          type: 'key.suspended',
          actor: 'ada',
          subject: `key:${active.kid}`,
          requestId: 'req-1',
          details: { scope: 'payments', why: 'an investigation', promoted: standby.kid },
        },
      },
    ]);
  });

  it('is in the ring when it settles, in a key set of the next version', async () => {
    const suspension = await suspender().suspend(active.kid, '', ADA);
    expect(ring.activeKey('payments')).toEqual(suspension?.promoted);
    expect(ring.activeKey('payments')).toMatchObject({ kid: standby.kid, signUntil: NOW + PERIOD });
    expect(states().get(active.kid)).toBe('suspended');
    expect(ring.scope('payments')?.keySetVersion).toBe(2);
    expect(told).toEqual([suspension]);
  });

  it('never lets the standby sign longer than it was published to', async () => {
    ring.admit(scope, [active, { ...standby, signUntil: NOW + 500 }]);
    const suspension = await suspender().suspend(active.kid, '', ADA);
    expect(suspension?.promoted?.signUntil).toBe(NOW + 500);
  });

  it('promotes one standby, however many alarms come at once', async () => {
    const { suspend } = suspender();
    const [first, ...others] = await Promise.all(['a', 'b', 'c'].map((why) => suspend(active.kid, why, ADA)));
    expect(first?.promoted?.kid).toBe(standby.kid);
    expect(others).toEqual([undefined, undefined]);
    expect(commits).toHaveLength(1);
  });

  it('leaves the scope without a key that signs where there is no proven standby', async () => {
    ring.applyProofs([{ kid: standby.kid, proven: false, found: true, attributes: {}, unproven: [] }]);
    const suspension = await suspender().suspend(active.kid, '', ADA);
    expect(suspension?.promoted).toBeUndefined();
    expect(ring.activeKey('payments')).toBeUndefined();
  });

  it('changes nothing where it cannot be committed, and can be asked again', async () => {
    const { suspend } = suspender();
    failure = new Error('disk full');
    await expect(suspend(active.kid, '', ADA)).rejects.toBe(failure);
    expect(ring.activeKey('payments')).toBe(active);
    expect(told).toEqual([]);
    failure = undefined;
    expect((await suspend(active.kid, '', ADA))?.suspended.kid).toBe(active.kid);
  });
});

describe('an attempt whose answer was lost', () => {
  it('is taken over from the registry, where it was committed, and suspends nothing more', async () => {
    failure = new KeywardError('key_changed', 'the registry holds it already');
    const promoted = { state: 'active', signFrom: NOW - 5, signUntil: NOW + PERIOD - 5 } as const;
    stored = [{ ...active, state: 'suspended' }, { ...standby, ...promoted }, former];
    expect(await suspender().suspend(active.kid, '', ADA)).toBeUndefined();
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
    const suspension = await suspender().suspend(key.kid, '', ADA);
    expect(suspension).toEqual({ suspended: suspendedNow(key), promoted: undefined });
    expect(ring.activeKey('payments')).toBe(active);
    expect(ring.scope('payments')?.keySetVersion).toBe(2);
  });

  it.each(['suspended', 'compromised', 'destroyed'] as const)(
    'does nothing to one that is %s',
    async (state) => {
      ring.admit(scope, [active, { ...former, state }]);
      expect(await suspender().suspend(former.kid, '', ADA)).toBeUndefined();
      expect(commits).toEqual([]);
    },
  );

  it('does nothing about a key that nobody knows', async () => {
    expect(await suspender().suspend('unknown', '', ADA)).toBeUndefined();
    expect(commits).toEqual([]);
  });
});
