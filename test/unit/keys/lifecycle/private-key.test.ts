import { describe, expect, it } from 'vitest';
import { KEY_STATES, NO_TIMES } from '../../../../src/kernel/key.ts';
import {
  isSpent,
  privateKeyDestroyed,
  privateKeyDueAt,
  withPrivateKeyDue,
} from '../../../../src/kernel/key-window.ts';
import { aKey, DAY, GRACE, NOW } from './keys.ts';

const ALL_TIMES = { ...NO_TIMES, deactivated: NOW - 5, compromised: NOW - 3, destroyed: NOW - 2 };

describe('when the private half must go', () => {
  it('depends on the state', () => {
    const due = KEY_STATES.map((state) => [
      state,
      privateKeyDueAt(aKey(1, state, { times: ALL_TIMES, signUntil: NOW + DAY }), GRACE),
    ]);
    expect(Object.fromEntries(due)).toEqual({
      pre_activation: null,
      active: null,
      deactivated: NOW - 5 + GRACE,
      suspended: null,
      compromised: NOW - 3,
      destroyed: NOW - 2,
    });
  });

  it('is no later than the end of the window, when nothing can be undone any more', () => {
    const key = aKey(1, 'deactivated', { times: ALL_TIMES, signUntil: NOW + 10 });
    expect(privateKeyDueAt(key, GRACE)).toBe(NOW + 10);
  });

  it('is never where it is kept for an investigation, or gone', () => {
    const compromised = aKey(1, 'compromised', { times: ALL_TIMES, keptForForensics: true });
    expect(privateKeyDueAt(compromised, GRACE)).toBeNull();
    const gone = aKey(1, 'deactivated', { times: { ...ALL_TIMES, privateKeyDestroyed: NOW } });
    expect(privateKeyDueAt(gone, GRACE)).toBeNull();
  });
});

describe('a private half that is gone', () => {
  it('ends the window, since nothing can be dated later', () => {
    const key = aKey(1, 'deactivated', { signUntil: NOW + DAY });
    const gone = privateKeyDestroyed(key, NOW);
    expect(gone).toEqual({ ...key, signUntil: NOW, times: { ...key.times, privateKeyDestroyed: NOW } });
  });

  it('leaves a window that is over as it is', () => {
    expect(privateKeyDestroyed(aKey(1, 'deactivated', { signUntil: NOW - 9 }), NOW).signUntil).toBe(NOW - 9);
  });
});

describe('destroying by one person', () => {
  it('makes it due at once, of a key that serves no more', () => {
    const deactivated = aKey(1, 'deactivated', { times: { ...NO_TIMES, deactivated: NOW - 5 } });
    expect(privateKeyDueAt(withPrivateKeyDue(deactivated, NOW), GRACE)).toBe(NOW);
    const times = { ...NO_TIMES, compromised: NOW - 7 };
    const kept = aKey(1, 'compromised', { keptForForensics: true, times });
    expect(privateKeyDueAt(withPrivateKeyDue(kept, NOW), GRACE)).toBe(NOW - 7);
  });

  it.each(KEY_STATES)('is for spent keys alone: %s', (state) => {
    const key = aKey(1, state, { keptForForensics: true });
    const spent = state === 'deactivated' || state === 'compromised';
    expect(isSpent(key)).toBe(spent);
    expect(withPrivateKeyDue(key, NOW) === key).toBe(!spent);
  });
});
