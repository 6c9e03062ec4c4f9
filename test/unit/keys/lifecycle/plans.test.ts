import { describe, expect, it } from 'vitest';
import { NO_TIMES, type ProofStatus, type SigningKey } from '../../../../src/kernel/key.ts';
import {
  planCompromise,
  planResumption,
  planRotation,
  planSuspension,
  planUndoneRotation,
  standbyReadyAt,
} from '../../../../src/keys/lifecycle/plans.ts';
import { aKey, DAY, GIVEN, NOW, within } from './keys.ts';

const active = aKey(1, 'active');
const standby = aKey(2, 'pre_activation');
const fresh = aKey(3, 'pre_activation', { publishedAt: NOW });
const former = aKey(4, 'deactivated', { times: { ...NO_TIMES, deactivated: NOW - 60 } });

const refusal = (code: string) => expect.objectContaining({ code });
const states = ({ changes }: { changes: readonly { after: { kid: string; state: string } }[] }) =>
  changes.map(({ after }) => [after.kid, after.state]);

describe('a rotation', () => {
  it('stops the key that signs, and then starts the standby', () => {
    const plan = planRotation(within(standby, active, former), 'keyward', GIVEN);
    expect(states(plan)).toEqual([
      [active.kid, 'deactivated'],
      [standby.kid, 'active'],
    ]);
    expect(plan.changes.map(({ before }) => before)).toEqual([active, standby]);
    expect(plan.started?.signUntil).toBe(NOW + 14 * DAY);
    expect(plan.stopped?.signUntil).toBe(active.signUntil);
  });

  it('takes the standby that has been published longest', () => {
    expect(planRotation(within(fresh, standby, active), 'operator', GIVEN).started?.kid).toBe(standby.kid);
  });

  it('takes one whose HSM token is there before one that is away', () => {
    const elsewhere = { ...aKey(5, 'pre_activation', { publishedAt: NOW - 7 * DAY }), hsmToken: 'b' };
    const away = (...names: readonly string[]) => ({
      ...within(standby, elsewhere, active),
      awaySeconds: (name: string) => (names.includes(name) ? 5 : 0),
    });
    expect(planRotation(away(), 'keyward', GIVEN).started?.kid).toBe(standby.kid);
    expect(planRotation(away('b'), 'keyward', GIVEN).started?.kid).toBe(standby.kid);
    expect(planRotation(away('primary'), 'keyward', GIVEN).started?.kid).toBe(elsewhere.kid);
    expect(planRotation(away('primary', 'b'), 'keyward', GIVEN).started?.kid).toBe(standby.kid);
  });

  it('takes none from a token that is away in the place of a key that can sign', () => {
    const elsewhere = { ...standby, hsmToken: 'b' };
    const away = (...names: readonly string[]) => ({
      ...within(elsewhere, active),
      awaySeconds: (name: string) => (names.includes(name) ? 5 : 0),
    });
    expect(() => planRotation(away('b'), 'operator', GIVEN)).toThrow(
      expect.objectContaining({
        code: 'no_standby',
        message: 'scope payments has no standby that could sign; the HSM token of its standby is away',
      }),
    );
    expect(standbyReadyAt(away('b'), NOW)).toBeNull();
    expect(standbyReadyAt(away('primary'), NOW)).not.toBeNull();
    expect(planRotation(away('primary', 'b'), 'operator', GIVEN).started?.kid).toBe(elsewhere.kid);
    // Out of use it signs nothing, so that nothing is lost.
    expect(planSuspension(away('b'), active.kid, 'operator', GIVEN).started?.kid).toBe(elsewhere.kid);
  });

  it('waits for one that was only just published', () => {
    expect(() => planRotation(within(fresh, active), 'operator', GIVEN)).toThrow(
      refusal('transition_forbidden'),
    );
  });

  it('does not wait for one that was in the key set since the key that signs was', () => {
    const recent = { ...active, publishedAt: NOW };
    expect(states(planRotation(within(fresh, recent), 'operator', GIVEN))).toEqual([
      [active.kid, 'deactivated'],
      [fresh.kid, 'active'],
    ]);
    const earlier = { ...active, publishedAt: NOW - 1 };
    expect(() => planRotation(within(fresh, earlier), 'operator', GIVEN)).toThrow(
      refusal('transition_forbidden'),
    );
  });

  it('waits for caches that a longer policy filled before it was shortened', () => {
    const keys = within(standby, { ...active, publishedAt: standby.publishedAt - 1 });
    const shortened = (until: number) => ({
      ...keys,
      scope: { ...keys.scope, staleCacheHorizon: { seconds: NOW + 100 - standby.publishedAt, until } },
    });
    expect(() => planRotation(shortened(NOW + 50), 'operator', GIVEN)).toThrow(
      refusal('transition_forbidden'),
    );
    expect(standbyReadyAt(shortened(NOW + 50), NOW)).toBe(NOW + 50);
    expect(standbyReadyAt(shortened(NOW + 200), NOW)).toBe(NOW + 100);
    expect(planRotation(shortened(NOW), 'operator', GIVEN).started?.kid).toBe(standby.kid);
  });

  it('waits for nobody where the key that signs is missing', () => {
    const keys = within(active, fresh);
    expect(() => planRotation(keys, 'operator', GIVEN)).toThrow(refusal('transition_forbidden'));
    const proofOf = ({ kid }: SigningKey): ProofStatus => (kid === active.kid ? 'missing' : 'proven');
    expect(planRotation({ ...keys, proofOf }, 'operator', GIVEN).started?.kid).toBe(fresh.kid);
  });

  it('waits for nobody where no key signs', () => {
    const plan = planRotation(within(fresh), 'keyward', GIVEN);
    expect(states(plan)).toEqual([[fresh.kid, 'active']]);
    expect(plan.stopped).toBeUndefined();
  });

  it.each([
    ['there is none', within(active)],
    ['it is not proven', { ...within(active, standby), serves: () => false }],
    ['its own window is over', within(active, { ...standby, signUntil: NOW - 1 })],
  ])('needs a standby: %s', (_, keys) => {
    expect(() => planRotation(keys, 'keyward', GIVEN)).toThrow(refusal('no_standby'));
  });
});

describe.each([
  ['suspension', planSuspension, 'suspended'],
  ['compromise', planCompromise, 'compromised'],
] as const)('a %s', (_, plan, state) => {
  it('of the key that signs starts the standby at once, however lately it was published', () => {
    expect(states(plan(within(fresh, active), active.kid, 'operator', GIVEN))).toEqual([
      [active.kid, state],
      [fresh.kid, 'active'],
    ]);
  });

  it('prefers a standby that is proven to an older one that nobody has seen, and takes that one alone', () => {
    const older = { ...fresh, kid: 'older', publishedAt: fresh.publishedAt - 1 };
    const proofOf = ({ kid }: SigningKey): ProofStatus => (kid === older.kid ? 'unchecked' : 'proven');
    const startedOf = (...keys: SigningKey[]) =>
      plan({ ...within(...keys), proofOf }, active.kid, 'operator', GIVEN).started?.kid;
    expect(startedOf(active, older, fresh)).toBe(fresh.kid);
    expect(startedOf(active, older)).toBe(older.kid);
  });

  it('does not wait for a standby', () => {
    const planned = plan(within(active, former), active.kid, 'operator', GIVEN);
    expect(states(planned)).toEqual([[active.kid, state]]);
    expect(planned.started).toBeUndefined();
  });

  it.each([
    ['standby', standby],
    ['former key', former],
  ])('of a %s leaves the key that signs where it is', (_kind, key) => {
    const planned = plan(within(active, standby, former), key.kid, 'operator', GIVEN);
    expect(states(planned)).toEqual([[key.kid, state]]);
  });

  it('of a key that the scope does not have is refused', () => {
    expect(() => plan(within(active), standby.kid, 'operator', GIVEN)).toThrow(refusal('unknown_key'));
  });
});

describe('a compromise', () => {
  it('keeps the private half where that is asked for', () => {
    const plan = (keepForForensics: boolean) =>
      planCompromise(within(active), active.kid, 'operator', { ...GIVEN, keepForForensics }).stopped;
    expect(plan(true)?.keptForForensics).toBe(true);
    expect(plan(false)?.keptForForensics).toBe(false);
  });
});

describe('a resumption', () => {
  it('never lets the key sign again, and ends its window', () => {
    const suspended = aKey(1, 'suspended', { signUntil: NOW + DAY });
    const plan = planResumption(within(suspended), suspended.kid, 'two_persons', GIVEN);
    expect(plan.stopped).toMatchObject({ state: 'deactivated', signUntil: NOW });
    expect(() =>
      planUndoneRotation(within(plan.stopped ?? suspended), suspended.kid, 'two_persons', GIVEN),
    ).toThrow(refusal('transition_forbidden'));
  });
});

describe('an undone rotation', () => {
  it('swaps the two keys back', () => {
    const plan = planUndoneRotation(within(standby, active, former), former.kid, 'two_persons', GIVEN);
    expect(states(plan)).toEqual([
      [active.kid, 'deactivated'],
      [former.kid, 'active'],
    ]);
  });

  it('brings the former key back also where none signs', () => {
    const plan = planUndoneRotation(within(standby, former), former.kid, 'two_persons', GIVEN);
    expect(states(plan)).toEqual([[former.kid, 'active']]);
  });

  it('takes two persons, and a key that a rotation has deactivated', () => {
    const undo = (kid: string, cause: 'operator' | 'two_persons') => () =>
      planUndoneRotation(within(active, former, standby), kid, cause, GIVEN);
    expect(undo(former.kid, 'operator')).toThrow(refusal('transition_forbidden'));
    expect(undo(standby.kid, 'two_persons')).toThrow(refusal('transition_forbidden'));
    expect(undo('nobody', 'two_persons')).toThrow(refusal('unknown_key'));
  });
});
