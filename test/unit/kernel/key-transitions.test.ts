import { describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { KEY_STATES, type KeyState, NO_TIMES, type SigningKey } from '../../../src/kernel/key.ts';
import {
  CAUSES,
  type Initiator,
  mayGoUnsigned,
  move,
  TRANSITION_NAMES,
  type TransitionName,
} from '../../../src/kernel/key-transitions.ts';
import { aKey, DAY, GRACE, NOW, POLICY, PROPAGATION } from '../keys/lifecycle/keys.ts';

/** What the table says, written a second time by hand: who may take which state where. */
const MAY: Record<TransitionName, { from: KeyState[]; to: KeyState; causes: Initiator[] }> = {
  activate: { from: ['pre_activation'], to: 'active', causes: ['keyward', 'operator', 'two_persons'] },
  deactivate: {
    from: ['active', 'pre_activation'],
    to: 'deactivated',
    causes: ['keyward', 'operator', 'two_persons'],
  },
  suspend: {
    from: ['pre_activation', 'active', 'deactivated'],
    to: 'suspended',
    causes: ['keyward', 'operator', 'two_persons'],
  },
  resume: { from: ['suspended'], to: 'deactivated', causes: ['two_persons'] },
  reactivate: { from: ['deactivated'], to: 'active', causes: ['two_persons'] },
  compromise: {
    from: ['pre_activation', 'active', 'deactivated', 'suspended'],
    to: 'compromised',
    causes: ['operator', 'two_persons'],
  },
  withdraw: { from: ['deactivated'], to: 'destroyed', causes: ['keyward'] },
  destroy: { from: ['pre_activation', 'suspended'], to: 'destroyed', causes: ['two_persons'] },
};

/** A key of that state which lacks nothing else that the transition needs. */
function ready(name: TransitionName, state: KeyState): SigningKey {
  const deactivated = { ...NO_TIMES, deactivated: NOW - 10 };
  if (name === 'deactivate') return aKey(1, state, { signUntil: NOW - 1 });
  if (name === 'reactivate') return aKey(1, state, { signFrom: NOW - DAY, times: deactivated });
  if (name === 'withdraw') {
    const times = { ...deactivated, privateKeyDestroyed: NOW - DAY };
    return aKey(1, state, { signUntil: NOW - DAY, times });
  }
  return aKey(1, state);
}

const circumstances = { now: NOW, policy: POLICY, graceSeconds: GRACE };

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof KeywardError) return error.code;
    throw error;
  }
}

describe('every pair of transition and cause', () => {
  const pairs = TRANSITION_NAMES.flatMap((name) => CAUSES.map((cause) => [name, cause] as const));
  it.each(pairs)('%s by %s goes from the states of the table and from no other', (name, cause) => {
    const { from, to, causes } = MAY[name];
    for (const state of KEY_STATES) {
      const key = ready(name, state);
      const allowed = from.includes(state) && causes.includes(cause);
      if (!allowed) {
        expect(codeOf(() => move(key, name, cause, circumstances))).toBe('transition_forbidden');
        continue;
      }
      const moved = move(key, name, cause, circumstances);
      expect(moved.state).toBe(to);
      expect(moved.signUntil).toBeLessThanOrEqual(key.signUntil);
    }
  });

  it('keeps the time of each', () => {
    const times = TRANSITION_NAMES.map((name) => {
      const [from = 'active'] = MAY[name].from;
      const key = { ...ready(name, from), times: { ...ready(name, from).times } };
      const changed = move(key, name, MAY[name].causes[0] ?? 'keyward', circumstances).times;
      return [name, Object.entries(changed).flatMap(([which, time]) => (time === NOW ? [which] : []))];
    });
    expect(Object.fromEntries(times)).toEqual({
      activate: ['activated'],
      deactivate: ['deactivated'],
      suspend: ['suspended'],
      resume: ['deactivated', 'resumed'],
      reactivate: ['activated'],
      compromise: ['compromised'],
      withdraw: ['destroyed'],
      destroy: ['destroyed'],
    });
  });

  it('says what to do where it is refused', () => {
    const refused = (name: TransitionName, cause: Initiator, key: SigningKey) => {
      try {
        move(key, name, cause, circumstances);
        return undefined;
      } catch (error) {
        return (error as Error).message.replace(key.kid, 'K');
      }
    };
    expect(refused('resume', 'operator', aKey(1, 'suspended'))).toBe(
      'key K cannot be resumed: it takes two persons; propose it',
    );
    expect(refused('compromise', 'keyward', aKey(1, 'active'))).toBe(
      'key K cannot be declared compromised: it takes a person to say so',
    );
    expect(refused('withdraw', 'operator', aKey(1, 'deactivated'))).toBe(
      'key K cannot be withdrawn: the service does it by itself, when its time has come',
    );
    expect(refused('destroy', 'two_persons', aKey(1, 'active'))).toBe(
      'key K cannot be destroyed: it is active: it signs; rotate its scope first, or suspend the key',
    );
    expect(refused('suspend', 'operator', aKey(1, 'compromised'))).toBe(
      'key K cannot be suspended: it is compromised: that is final, and nothing of it is accepted any more',
    );
    expect(refused('activate', 'keyward', aKey(1, 'pre_activation', { publishedAt: NOW }))).toBe(
      'key K cannot be activated: some verifiers may not know it yet; it may sign from 2027-01-15T09:05:30Z on',
    );
  });
});

describe('activation', () => {
  it('waits until the key is in every cache, to the second, except in an emergency', () => {
    const published = (publishedAt: number) => aKey(1, 'pre_activation', { publishedAt });
    const activate = (key: SigningKey, emergency: boolean) => () =>
      move(key, 'activate', 'keyward', { ...circumstances, emergency });
    expect(codeOf(activate(published(NOW - PROPAGATION + 1), false))).toBe('transition_forbidden');
    expect(activate(published(NOW - PROPAGATION), false)()).toMatchObject({ state: 'active', signFrom: NOW });
    expect(activate(published(NOW), true)()).toMatchObject({ state: 'active', signFrom: NOW });
  });

  it('lasts a cryptoperiod, and never longer than was published', () => {
    const until = (signUntil: number) =>
      move(aKey(1, 'pre_activation', { signUntil }), 'activate', 'keyward', circumstances).signUntil;
    expect(until(NOW + 28 * DAY)).toBe(NOW + 14 * DAY);
    expect(until(NOW + DAY)).toBe(NOW + DAY);
    expect(until(NOW)).toBe(NOW);
    expect(codeOf(() => until(NOW - 1))).toBe('transition_forbidden');
  });
});

describe('deactivation', () => {
  it('of a key that signs takes a successor, or the end of its window', () => {
    const deactivate = (signUntil: number, succeeded: boolean) =>
      codeOf(() =>
        move(aKey(1, 'active', { signUntil }), 'deactivate', 'keyward', { ...circumstances, succeeded }),
      );
    expect(deactivate(NOW + 1, true)).toBeUndefined();
    expect(deactivate(NOW, false)).toBe('transition_forbidden');
    expect(deactivate(NOW - 1, false)).toBeUndefined();
  });

  it('of a standby takes the end of its window, whoever else signs', () => {
    const deactivate = (signUntil: number) =>
      codeOf(() =>
        move(aKey(1, 'pre_activation', { signUntil }), 'deactivate', 'keyward', {
          ...circumstances,
          succeeded: true,
        }),
      );
    expect(deactivate(NOW)).toBe('transition_forbidden');
    expect(deactivate(NOW - 1)).toBeUndefined();
  });
});

describe('reactivation', () => {
  const deactivated = (at: number, changes: Partial<SigningKey> = {}) =>
    aKey(1, 'deactivated', { times: { ...NO_TIMES, deactivated: at }, ...changes });
  const reactivate = (key: SigningKey) => codeOf(() => move(key, 'reactivate', 'two_persons', circumstances));

  it('ends with the grace, and with the window', () => {
    expect(reactivate(deactivated(NOW - GRACE + 1))).toBeUndefined();
    expect(reactivate(deactivated(NOW - GRACE))).toBe('transition_forbidden');
    expect(reactivate(deactivated(NOW - 1, { signUntil: NOW + 1 }))).toBeUndefined();
    expect(reactivate(deactivated(NOW - 1, { signUntil: NOW }))).toBe('transition_forbidden');
  });

  it('is for a key that signed, and whose private half is there', () => {
    const times = { ...NO_TIMES, deactivated: NOW - 1, privateKeyDestroyed: NOW - 1 };
    expect(reactivate(aKey(1, 'deactivated', { times }))).toBe('transition_forbidden');
    expect(reactivate(deactivated(NOW - 1, { signFrom: null }))).toBe('transition_forbidden');
  });

  it('leaves the window as it was published', () => {
    const key = deactivated(NOW - 1);
    const { signFrom, signUntil } = move(key, 'reactivate', 'two_persons', circumstances);
    expect({ signFrom, signUntil }).toEqual({ signFrom: key.signFrom, signUntil: key.signUntil });
  });
});

describe('withdrawal', () => {
  it('waits for the last token that could be good, and for the private half to be gone', () => {
    const times = { ...NO_TIMES, deactivated: 1, privateKeyDestroyed: 2 };
    const withdraw = (signUntil: number, of = times) =>
      codeOf(() =>
        move(aKey(1, 'deactivated', { signUntil, times: of }), 'withdraw', 'keyward', circumstances),
      );
    expect(withdraw(NOW - 3_630)).toBe('transition_forbidden');
    expect(withdraw(NOW - 3_631)).toBeUndefined();
    expect(withdraw(NOW - DAY, { ...times, privateKeyDestroyed: null as never })).toBe(
      'transition_forbidden',
    );
  });
});

describe('what may be committed before it is signed', () => {
  it('takes a key out of use, or puts the standby in its place, and nothing else', () => {
    const unsigned = KEY_STATES.flatMap((from) =>
      KEY_STATES.filter((to) => mayGoUnsigned(from, to)).map((to) => `${from} > ${to}`),
    );
    expect(unsigned).toEqual([
      'pre_activation > active',
      'pre_activation > deactivated',
      'pre_activation > suspended',
      'pre_activation > compromised',
      'active > deactivated',
      'active > suspended',
      'active > compromised',
      'deactivated > suspended',
      'deactivated > compromised',
      'suspended > compromised',
    ]);
  });
});
