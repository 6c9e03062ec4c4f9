import { describe, expect, it } from 'vitest';
import type { ProofStatus, SigningKey } from '../../../../src/kernel/key.ts';
import { isFailoverReady, planFailover, tokensToLeave } from '../../../../src/keys/lifecycle/failover.ts';
import type { ScopeKeys } from '../../../../src/keys/lifecycle/plans.ts';
import { aKey, DAY, GIVEN, NOW, PROPAGATION, SCOPE, within } from './keys.ts';

const active = aKey(1, 'active');
const standby = { ...aKey(2, 'pre_activation'), hsmToken: 'b' };
/** A scope whose keys are on `primary` and `b`, with so many seconds of absence. */
const of = (away: Readonly<Record<string, number>>, ...keys: readonly SigningKey[]): ScopeKeys => ({
  ...within(...keys),
  scope: { ...SCOPE, standbyToken: 'b' },
  awaySeconds: (name) => away[name] ?? 0,
});
const GONE = { primary: 10 };

describe('the token of the active key is away', () => {
  it('the standby on the other signs, and the key that did is as after a rotation', () => {
    const plan = planFailover([of(GONE, active, standby)], 'primary', 10, GIVEN);
    expect(plan.changes.map(({ after }) => [after.kid, after.state])).toEqual([
      [active.kid, 'deactivated'],
      [standby.kid, 'active'],
    ]);
    expect(plan.started).toMatchObject([{ kid: standby.kid, signFrom: NOW, signUntil: NOW + 14 * DAY }]);
    expect(plan.waiting).toEqual([]);
  });

  it('for all its scopes at once, and for no other’s', () => {
    const named = (id: string, keys: ScopeKeys): ScopeKeys => ({ ...keys, scope: { ...keys.scope, id } });
    const plan = planFailover(
      [
        named('a', of(GONE, active, standby)),
        named('alone', of(GONE, active)),
        named('elsewhere', of(GONE, { ...active, hsmToken: 'b' }, { ...standby, hsmToken: 'primary' })),
        named('out of use', of(GONE, aKey(3, 'suspended'), standby)),
      ],
      'primary',
      10,
      GIVEN,
    );
    expect(plan.started.map(({ kid }) => kid)).toEqual([standby.kid]);
    expect(plan.waiting).toEqual(['alone']);
  });

  it('takes one elsewhere, whatever is older on the token itself', () => {
    const older = aKey(4, 'pre_activation', { publishedAt: NOW - 9 * DAY });
    const plan = planFailover([of(GONE, older, active, standby)], 'primary', 10, GIVEN);
    expect(plan.started.map(({ kid }) => kid)).toEqual([standby.kid]);
  });

  it('does not wait for the end of a pause', () => {
    const keys = of(GONE, active, standby);
    const paused = { ...keys, scope: { ...keys.scope, rotationPause: { until: NOW + DAY, reason: 'move' } } };
    expect(planFailover([paused], 'primary', 10, GIVEN).started).toHaveLength(1);
  });

  it.each<[string, ScopeKeys]>([
    ['whose only standby is on it too', of(GONE, active, { ...standby, hsmToken: 'primary' })],
    ['whose standby’s token is away as well', of({ ...GONE, b: 0.001 }, active, standby)],
    [
      'whose standby has been published for too short',
      of(GONE, active, { ...standby, publishedAt: NOW - PROPAGATION + 1 }),
    ],
    ['whose standby signs no more', of(GONE, active, { ...standby, signUntil: NOW - 1 })],
    ...(['unchecked', 'unproven', 'missing'] as const).map((status): [string, ScopeKeys] => [
      `whose standby is ${status}`,
      {
        ...of(GONE, active, standby),
        proofOf: ({ kid }: SigningKey): ProofStatus => (kid === standby.kid ? status : 'proven'),
      },
    ]),
    [
      'whose standby is out of service',
      { ...of(GONE, active, standby), serves: ({ kid }) => kid === active.kid },
    ],
  ])('leaves a scope %s', (_, keys) => {
    const plan = planFailover([keys], 'primary', 10, GIVEN);
    expect([plan.changes, plan.waiting]).toEqual([[], ['payments']]);
    expect(isFailoverReady(keys, GIVEN)).toBe(false);
    expect(tokensToLeave([keys], 10, GIVEN)).toEqual([]);
  });

  it('stays with a token that came back and has failed again since', () => {
    expect(planFailover([of({ primary: 9.9 }, active, standby)], 'primary', 10, GIVEN)).toEqual({
      changes: [],
      started: [],
      waiting: [],
    });
  });

  it('takes a standby that was published for long enough to the second', () => {
    const known = of(GONE, active, { ...standby, publishedAt: NOW - PROPAGATION });
    expect(planFailover([known], 'primary', 10, GIVEN).started).toHaveLength(1);
  });
});

describe('a token is left', () => {
  const keys = (seconds: number) => [of({ primary: seconds }, active, standby)];

  it('after the seconds that are configured, and not before', () => {
    expect(tokensToLeave(keys(9.9), 10, GIVEN)).toEqual([]);
    expect(tokensToLeave(keys(10), 10, GIVEN)).toEqual(['primary']);
  });

  it('never, where that is turned off or nothing is away', () => {
    expect(tokensToLeave(keys(3_600), 0, GIVEN)).toEqual([]);
    expect(tokensToLeave(keys(0), 10, GIVEN)).toEqual([]);
  });

  it('once for all its scopes', () => {
    expect(tokensToLeave([...keys(10), ...keys(10)], 10, GIVEN)).toEqual(['primary']);
  });

  it('not again before another standby: the key that follows is on the other', () => {
    const [stopped, started] = planFailover(keys(10), 'primary', 10, GIVEN).changes.map(({ after }) => after);
    const after = of(GONE, ...[stopped, started].flatMap((key) => key ?? []));
    expect(tokensToLeave([after], 10, GIVEN)).toEqual([]);
    expect(tokensToLeave([{ ...after, awaySeconds: () => 3_600 }], 10, GIVEN)).toEqual([]);
  });
});

it('a scope is ready for a failover while nothing is away', () => {
  expect(isFailoverReady(of({}, active, standby), GIVEN)).toBe(true);
  expect(isFailoverReady(of({}, active), GIVEN)).toBe(false);
  expect(isFailoverReady(of({}, standby), GIVEN)).toBe(false);
});
