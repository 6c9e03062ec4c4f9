import { expect, it } from 'vitest';
import { KEY_STATES } from '../../../../src/kernel/key.ts';
import { privateKeyDueAt } from '../../../../src/kernel/key-window.ts';
import { lostWithToken } from '../../../../src/keys/lifecycle/token-compromise.ts';
import { aKey, GIVEN, GRACE, NOW, POLICY } from './keys.ts';

const circumstances = { ...GIVEN, policy: POLICY };
const lost = (state: (typeof KEY_STATES)[number], stolen: boolean) =>
  lostWithToken(aKey(1, state), circumstances, stolen);

it('a key that was lost with its token signs no more, and what it signed stays good', () => {
  const states = KEY_STATES.map((state) => [state, lost(state, false).state]);
  expect(Object.fromEntries(states)).toEqual({
    pre_activation: 'destroyed',
    active: 'deactivated',
    deactivated: 'deactivated',
    suspended: 'suspended',
    compromised: 'compromised',
    destroyed: 'destroyed',
  });
});

it('of a token that was stolen every key is compromised', () => {
  for (const state of KEY_STATES.filter((each) => each !== 'destroyed')) {
    const { state: after, times } = lost(state, true);
    expect([after, times.tokenCompromised]).toEqual(['compromised', NOW]);
  }
  const gone = aKey(1, 'destroyed');
  expect(lostWithToken(gone, circumstances, true)).toBe(gone);
});

it('nothing is left to destroy in an HSM that is gone, and no token can be dated later', () => {
  for (const stolen of [false, true]) {
    for (const state of KEY_STATES.filter((each) => each !== 'destroyed')) {
      const after = lost(state, stolen);
      expect([after.times.privateKeyDestroyed, after.signUntil]).toEqual([NOW, NOW]);
      expect(privateKeyDueAt(after, GRACE)).toBeNull();
    }
  }
});
