import { beforeEach, describe, expect, it } from 'vitest';
import { FIRST_TOKEN, NO_TIMES, type SigningKey } from '../../../src/kernel/key.ts';
import type { KeyLifecycleChange } from '../../../src/kernel/registry.ts';
import { createKeyAdministration } from '../../../src/keys/administer-keys.ts';
import { IssuanceLock } from '../../../src/keys/key-administration.ts';
import { createKeyChanges } from '../../../src/keys/key-changes.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import { putChanges } from '../../support/changed-keys.ts';
import { operationsPlane } from '../../support/on-loopback.ts';
import { NOW } from '../../support/payments.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const DAY = 86_400;
const scope = aScope({ id: 'payments' });
const key = (state: SigningKey['state'], changes: Partial<SigningKey> = {}) =>
  aSigningKey(scope, softwareKey('ES256'), {
    state,
    signFrom: state === 'pre_activation' ? null : NOW - DAY,
    signUntil: NOW + DAY,
    publishedAt: NOW - DAY,
    ...changes,
  });
const KEYS = {
  active: key('active'),
  standby: key('pre_activation'),
  suspended: key('suspended'),
  former: key('deactivated', { times: { ...NO_TIMES, deactivated: NOW - 60 } }),
};

let ring: KeyRingKeeper;
let acts: string[];
beforeEach(() => {
  ring = createKeyRing();
  ring.put({ scopes: [scope], keys: Object.values(KEYS) });
  acts = [];
});

const commit = async (
  changes: readonly KeyLifecycleChange[],
  { type, actor }: { type: string; actor: { operatorId: string } },
) => {
  acts.push(`${type} by ${actor.operatorId}`);
  putChanges(ring, changes);
};

async function ask(path: string, body: object, { as = 'operates', twoPersons = true } = {}) {
  const http = await operationsPlane({
    keyRing: ring,
    knownKeys: ring,
    keys: createKeyAdministration({
      registry: { isReplicated: () => true },
      changes: createKeyChanges({
        keyRing: ring,
        registry: {
          changeKeys: commit,
          restrictKeys: commit,
          signPending: async () => {},
        },
        holds: new IssuanceLock(),
      }),
      keyRing: ring,
      signer: {
        tokens: [FIRST_TOKEN],
        serveAlso: async (keys) =>
          keys.map(({ kid }) => ({ kid, proven: true, found: true, attributes: {}, unproven: [] })),
      },
      clock: { nowSeconds: () => NOW },
      graceSeconds: 3_600,
      onChanged: () => {},
    }),
    compromises: {
      report: async (kid) => ({
        key: ring.knownKey(kid)?.key ?? KEYS.active,
        use: null,
        neighbours: [],
        keySetVersion: 2,
        verifiers: [],
      }),
    },
    twoPersons,
  });
  return http.post(`/v1/admin/${path}`).set('Authorization', `Bearer ${as}`).send(body);
}

const WHY = { reason: 'case 42' };

/** Each act, on a key that allows it, and how many people it takes. */
const TABLE = [
  ['key.rotate', 'scopes/payments/rotate', {}, 1, 'key.rotated'],
  ['key.suspend', `keys/${KEYS.active.kid}/suspend`, WHY, 1, 'key.suspended'],
  ['key.compromise', `keys/${KEYS.active.kid}/compromise`, WHY, 1, 'key.compromised'],
  ['hsm.compromise', 'hsm/primary/compromise', WHY, 1, 'hsm.compromised'],
  ['key.resume', `keys/${KEYS.suspended.kid}/resume`, WHY, 2, 'key.resumed'],
  ['key.undo_rotation', `keys/${KEYS.former.kid}/undo-rotation`, WHY, 2, 'key.rotation_undone'],
  ['key.destroy of a spent key', `keys/${KEYS.former.kid}/destroy`, WHY, 1, 'key.destruction_ordered'],
  ['key.destroy of a standby', `keys/${KEYS.standby.kid}/destroy`, WHY, 2, 'key.destruction_ordered'],
  ['key.destroy of a suspended key', `keys/${KEYS.suspended.kid}/destroy`, WHY, 2, 'key.destruction_ordered'],
] as const;

describe.each(TABLE)('%s', (_, path, body, persons, event) => {
  it(`takes ${persons}`, async () => {
    const { status, body: answer } = await ask(path, body);
    expect(status).toBe(persons === 1 ? 200 : 202);
    expect(acts).toEqual(persons === 1 ? [`${event} by ada`] : []);
    if (persons === 2) expect(answer.proposal).toMatchObject({ state: 'open', proposed_by: 'ada' });
  });

  it('is done at once where one person does everything', async () => {
    expect((await ask(path, body, { twoPersons: false })).status).toBe(200);
    expect(acts).toEqual([`${event} by ada`]);
  });

  it.each(['audits', 'idles'])('is not for one who %s', async (as) => {
    const { status, body: answer } = await ask(path, body, { as, twoPersons: false });
    expect([status, answer.code]).toEqual([403, 'role_missing']);
    expect(acts).toEqual([]);
  });
});

describe('a proposal', () => {
  it('shows what would become of each key', async () => {
    const { body } = await ask(`keys/${KEYS.former.kid}/undo-rotation`, WHY);
    const { active, former } = KEYS;
    expect(body.proposal.changes).toEqual([
      { member: `${active.kid}.state`, from: 'active', to: 'deactivated' },
      { member: `${former.kid}.state`, from: 'deactivated', to: 'active' },
    ]);
  });
});

describe('what is refused', () => {
  it.each([
    ['keys/nobody/suspend', WHY, 404, 'unknown_key'],
    ['keys/nobody/resume', WHY, 404, 'unknown_key'],
    [`keys/${KEYS.active.kid}/resume`, WHY, 409, 'transition_forbidden'],
    [`keys/${KEYS.active.kid}/destroy`, WHY, 409, 'transition_forbidden'],
    [`keys/${KEYS.standby.kid}/undo-rotation`, WHY, 409, 'transition_forbidden'],
    ['scopes/nowhere/rotate', {}, 404, 'unknown_scope'],
    ['hsm/elsewhere/compromise', WHY, 422, 'unknown_hsm_token'],
    [`keys/${KEYS.active.kid}/suspend`, {}, 422, 'invalid_request'],
    [`keys/${KEYS.active.kid}/suspend`, { reason: '' }, 422, 'invalid_request'],
    [`keys/${KEYS.active.kid}/suspend`, { ...WHY, force: true }, 422, 'unknown_member'],
    [`keys/${KEYS.active.kid}/compromise`, { ...WHY, keep_for_forensics: 'yes' }, 422, 'invalid_request'],
  ] as const)('%s with %j', async (path, body, status, code) => {
    const answer = await ask(path, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(acts).toEqual([]);
  });
});

describe('what is answered', () => {
  it('is the key as it becomes, and the one that signs in its place', async () => {
    const { body } = await ask(`keys/${KEYS.active.kid}/compromise`, { ...WHY, keep_for_forensics: true });
    expect(body).toMatchObject({
      key: { kid: KEYS.active.kid, state: 'compromised', compromised_at: NOW, kept_for_forensics: true },
      promoted: { kid: KEYS.standby.kid, state: 'active', activated_at: NOW },
      already: false,
      compromise: { kid: KEYS.active.kid, private_half: 'kept', key_set_version: 2 },
    });
    const again = await ask(`keys/${KEYS.active.kid}/compromise`, WHY);
    expect(again.body).toMatchObject({ already: true, promoted: null });
    expect(acts).toHaveLength(1);
  });

  it('of a rotation is both keys', async () => {
    const { body } = await ask('scopes/payments/rotate', {});
    expect(body).toMatchObject({
      activated: { kid: KEYS.standby.kid, state: 'active' },
      deactivated: { kid: KEYS.active.kid, state: 'deactivated', deactivated_at: NOW },
    });
  });
});
