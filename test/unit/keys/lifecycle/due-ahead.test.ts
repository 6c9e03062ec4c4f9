import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  KEY_STATES,
  type KeyState,
  NO_TIMES,
  type ProofStatus,
  type SigningKey,
} from '../../../../src/kernel/key.ts';
import { DueAhead } from '../../../../src/keys/lifecycle/due-ahead.ts';
import { dueSteps } from '../../../../src/keys/lifecycle/due-steps.ts';
import type { PlanContext, ScopeKeys } from '../../../../src/keys/lifecycle/plans.ts';
import { aKey, DAY, GRACE, NOW, PROPAGATION, within } from './keys.ts';

const given = (now: number): PlanContext => ({ now, graceSeconds: GRACE });
const namesOf = (ahead: DueAhead, of: ScopeKeys, context: PlanContext) =>
  ahead.steps(of, context).map(({ name }) => name);

const dueSoon = within(aKey(0, 'active', { signUntil: NOW + GRACE + 100 }), aKey(1, 'pre_activation'));
const quiet = within(aKey(0, 'active'), aKey(1, 'pre_activation'));

/** How often the keys of a scope were looked at. */
function counted(of: ScopeKeys): { readonly of: ScopeKeys; looks(): number } {
  let looks = 0;
  const counting = {
    ...of,
    get keys() {
      looks += 1;
      return of.keys;
    },
  };
  return { of: counting, looks: () => looks };
}

describe('looking ahead', () => {
  it('leaves a scope alone for a minute for which nothing becomes due in two', () => {
    const ahead = new DueAhead();
    const { of, looks } = counted(quiet);
    expect(namesOf(ahead, of, given(NOW))).toEqual([]);
    const before = looks();
    expect(before).toBeGreaterThan(0);
    for (let second = 1; second <= 60; second += 1)
      expect(namesOf(ahead, of, given(NOW + second))).toEqual([]);
    expect(looks()).toBe(before);
    namesOf(ahead, of, given(NOW + 121));
    expect(looks()).toBeGreaterThan(before);
  });

  it('looks every second where something becomes due soon, and misses none of them', () => {
    const ahead = new DueAhead();
    expect(namesOf(ahead, dueSoon, given(NOW))).toEqual([]);
    expect(namesOf(ahead, dueSoon, given(NOW + 99))).toEqual([]);
    expect(namesOf(ahead, dueSoon, given(NOW + 100))).toEqual(['rotate']);
  });

  it('looks at once where the scope changed, the clock went back, or the records have another gap', () => {
    const ahead = new DueAhead();
    expect(namesOf(ahead, quiet, given(NOW))).toEqual([]);
    const { of, looks } = counted(quiet);
    namesOf(ahead, of, given(NOW));
    const before = looks();
    expect(namesOf(ahead, of, { ...given(NOW), renewedSince: NOW })).toEqual(['rotate']);
    namesOf(ahead, of, given(NOW - 1));
    expect(looks()).toBeGreaterThan(before);
    expect(namesOf(ahead, within(aKey(1, 'pre_activation')), given(NOW))).toEqual(['activate']);
  });

  it('answers at every second what is due then, whatever the keys are', () => {
    const near = fc.integer({ min: NOW - 400, max: NOW + 400 });
    const seldom = <T>(usual: T, other: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
    const token = fc.constantFrom('primary', 'second');
    const keyIn = (n: number, states: fc.Arbitrary<KeyState>) =>
      fc
        .record({
          state: states,
          hsmToken: seldom('primary', token),
          signFrom: seldom<number | null>(NOW - 10 * DAY, near),
          signUntil: fc.oneof(
            near.map((at) => at + DAY),
            near.map((at) => at + GRACE),
            near.map((at) => at + 2 * PROPAGATION),
            seldom(NOW + DAY, near),
          ),
          publishedAt: seldom(
            NOW - 10 * DAY,
            near.map((at) => at - PROPAGATION),
          ),
          createdAt: seldom(NOW - 10 * DAY, near),
          bindingFrom: seldom(NOW - 10 * DAY, near),
          stopped: near.map((at) => at - GRACE),
          privateKeyDestroyed: seldom<number | null>(NOW - DAY, fc.constant(null)),
          keptForForensics: fc.boolean(),
          proof: seldom<ProofStatus>('proven', fc.constantFrom('unproven', 'missing', 'unchecked')),
        })
        .map(({ state, bindingFrom, proof, stopped, privateKeyDestroyed, ...rest }) => {
          const made = aKey(n, state);
          const isOver = state !== 'active' && state !== 'pre_activation';
          const over = {
            deactivated: stopped,
            compromised: stopped,
            suspended: stopped,
            privateKeyDestroyed,
          };
          const times = { ...NO_TIMES, ...(isOver ? over : {}) };
          const binding = { ...made.binding, signFrom: bindingFrom };
          return { proof, key: { ...made, ...rest, binding, times } satisfies SigningKey };
        });
    const signing = keyIn(0, seldom<KeyState>('active', fc.constantFrom('suspended', 'deactivated')));
    const waiting = keyIn(1, fc.constant<KeyState>('pre_activation'));
    const another = keyIn(2, fc.constantFrom(...KEY_STATES));
    const keys = fc
      .tuple(signing, seldom(true, fc.boolean()), waiting, fc.boolean(), another)
      .map(([first, hasSecond, second, hasThird, third]) => [
        first,
        ...(hasSecond ? [second] : []),
        ...(hasThird ? [third] : []),
      ]);
    const scope = fc.record({
      keys,
      standbyToken: seldom<string | null>(null, token),
      pausedUntil: seldom<number | null>(null, near),
      away: seldom<readonly string[]>([], fc.subarray(['primary', 'second'])),
      compromised: seldom<readonly string[]>([], fc.subarray(['primary', 'second'])),
    });
    const seconds = fc.array(fc.nat(200), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(scope, seconds, seldom<number | null>(null, near), (made, waits, renewed) => {
        const proofs = new Map(made.keys.map(({ key: { kid }, proof }) => [kid, proof]));
        const plain = within(...made.keys.map(({ key: each }) => each));
        const { pausedUntil, standbyToken } = made;
        const of: ScopeKeys = {
          ...plain,
          scope: {
            ...plain.scope,
            standbyToken,
            rotationPause: pausedUntil === null ? null : { until: pausedUntil, reason: 'move' },
          },
          serves: ({ kid }) => proofs.get(kid) !== 'missing' && proofs.get(kid) !== 'unproven',
          proofOf: ({ kid }) => proofs.get(kid) ?? 'unchecked',
          awaySeconds: (name) => (made.away.includes(name) ? 1 : 0),
          isTokenCompromised: (name) => made.compromised.includes(name),
        };
        const ahead = new DueAhead();
        let now = NOW - 500;
        for (const wait of waits) {
          now += wait;
          const context = { ...given(now), renewedSince: renewed ?? undefined };
          expect(ahead.steps(of, context)).toEqual(dueSteps(of, context));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
