import { expect, it } from 'vitest';
import { ACT_NAMES, ACTS, keptWithoutHsm, personsFor } from '../../../src/kernel/acts.ts';
import { KEY_STATES } from '../../../src/kernel/key.ts';

it('takes two for everything of I11 that makes the service accept more, and one for what makes it safer', () => {
  const fixed = Object.fromEntries(
    Object.entries(ACTS).flatMap(([name, { persons }]) =>
      typeof persons === 'function' ? [] : [[name, persons]],
    ),
  );
  expect(fixed).toMatchObject({
    'scope.create': 2,
    'client.create': 2,
    'client.credential': 2,
    'client.revoke': 1,
    'grant.add': 2,
    'grant.remove': 1,
    'operator.create': 2,
    'operator.credential': 2,
    'operator.revoke': 1,
    'key.rotate': 1,
    'key.suspend': 1,
    'key.resume': 2,
    'key.compromise': 1,
    'key.undo_rotation': 2,
    'hsm.compromise': 1,
    'hsm.clear_pin_latch': 2,
    'rotation.pause': 2,
    'rotation.unpause': 1,
    'canary.retire': 2,
    'audit.sinks': 2,
    'notification.routes': 2,
    'retention.shorten': 2,
    'service_key.enrol': 2,
    'audit.confirm_unwitnessed': 2,
    'database.accept_restore': 2,
    'clock.confirm': 2,
  });
});

it('takes two for a policy that widens anything, and one for what narrows it', () => {
  expect([true, false].map((widens) => personsFor('scope.policy', { widens }))).toEqual([2, 1]);
  expect([true, false].map((gains) => personsFor('operator.roles', { gains }))).toEqual([2, 1]);
});

it('takes two for a decoy that is a token, and one for any other', () => {
  expect([true, false].map((token) => personsFor('canary.create', { token }))).toEqual([2, 1]);
});

it('takes two to erase a subject while something about it is open', () => {
  expect([true, false].map((open) => personsFor('ledger.erase', { open }))).toEqual([2, 1]);
  expect([true, false].map((open) => personsFor('report.erase', { open }))).toEqual([2, 1]);
});

it('takes two to destroy a key unless it is compromised or deactivated', () => {
  expect(KEY_STATES.map((state) => [state, personsFor('key.destroy', { state })])).toEqual([
    ['pre_activation', 2],
    ['active', 2],
    ['deactivated', 1],
    ['suspended', 2],
    ['compromised', 1],
    ['destroyed', 2],
  ]);
});

it('is for operators to ask for, every single act', () => {
  expect(new Set(ACT_NAMES.map((name) => ACTS[name].role))).toEqual(new Set(['operator']));
});

it('keeps proposals unsigned for what is done when nothing is signed, at one front or at all', () => {
  const kept = ACT_NAMES.map((act) => [act, keptWithoutHsm(act)] as const).filter(([, where]) => where);
  expect(Object.fromEntries(kept)).toEqual({
    'hsm.clear_pin_latch': 'all fronts',
    'ledger.erase': 'one front',
    'service_key.enrol': 'one front',
    'database.accept_restore': 'one front',
    'clock.confirm': 'one front',
  });
});
