import fc from 'fast-check';
import { expect } from 'vitest';
import { type History, refusalOf } from './history.ts';
import { activeOf, type HistoryModel, type ModelKey, mayRotate, standbysOf } from './model.ts';
import { always, by, keyIn, operator, pick, scopeOf, step } from './step.ts';

export const wait = fc.constantFrom(0, 1, 9, 60, 330, 3_600, 4_000, 86_400, 6 * 86_400).map((seconds) =>
  step(`wait ${seconds} s`, always, async (model, history) => {
    model.now += seconds;
    history.service.clock.moveTo(model.now);
    await history.reconcile(model);
  }),
);

/** The second HSM token goes away, or comes back. */
export const outage = fc.constant(
  step('outage', always, async (model, history) => {
    model.awaySince = model.awaySince === null ? model.now : null;
    history.service.setAway(model.awaySince !== null);
  }),
);

export const rotate = fc.tuple(pick, operator).map(([n, who]) =>
  step(`rotate ${n}`, always, async (model, history) => {
    const scopeId = scopeOf(model, n);
    const asked = history.parts.gate.ask({
      act: 'key.rotate',
      parameters: { scope: scopeId },
      actor: by(who),
    });
    const expected = mayRotate(model, scopeId);
    expect((await refusalOf(asked)) === undefined, 'a rotation').toBe(expected);
    if (expected) succeed(model, history, scopeId, 'deactivated');
  }),
);

/** The standby signs, and the key that did is something else. */
function succeed(model: HistoryModel, history: History, scopeId: string, after: ModelKey['state']): void {
  const former = activeOf(model, scopeId);
  const standbys = standbysOf(model, scopeId);
  if (former) former.state = after;
  const started = history.service.keyRing.activeKey(scopeId);
  expect(started === undefined, 'nothing signs').toBe(standbys.length === 0);
  if (!started) return;
  expect(standbys.map(({ kid }) => kid)).toContain(started.kid);
  const { kid, hsmToken, state, signUntil, publishedAt } = started;
  model.keys.set(kid, { kid, hsmToken, scopeId, state, signUntil, publishedAt });
}

/** Mostly one that signed a token lately. */
function keyInUse(model: HistoryModel, n: number): ModelKey {
  const { kid = '' } = model.tokens.at(-1 - (n % 3)) ?? {};
  return (n % 2 > 0 ? model.keys.get(kid) : undefined) ?? keyIn(model, ['active', 'suspended'], n);
}

const EMERGENCIES = {
  'key.suspend': { after: 'suspended', final: ['compromised', 'destroyed'] },
  'key.compromise': { after: 'compromised', final: ['destroyed'] },
} as const;

export const emergency = fc
  .tuple(fc.constantFrom('key.suspend' as const, 'key.compromise' as const), pick, operator)
  .map(([act, n, who]) =>
    step(`${act} ${n}`, always, async (model, history) => {
      const { after, final } = EMERGENCIES[act];
      const key = keyInUse(model, n);
      const parameters = { kid: key.kid, reason: 'seen elsewhere' };
      const refusal = await refusalOf(history.parts.gate.ask({ act, parameters, actor: by(who) }));
      const isFinal = (final as readonly string[]).includes(key.state);
      expect(refusal, act).toBe(isFinal ? 'transition_forbidden' : undefined);
      if (isFinal) return;
      if (key.state === 'active') succeed(model, history, key.scopeId, after);
      key.state = after;
    }),
  );
