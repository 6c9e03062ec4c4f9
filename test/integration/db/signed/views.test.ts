import { describe, expect, it } from 'vitest';
import { Directory } from '../../../../src/access/directory.ts';
import { CanaryIndex } from '../../../../src/canaries/canary-index.ts';
import { createRegistry } from '../../../../src/db/registry.ts';
import type { TrxWriter, UrgentWriter } from '../../../../src/db/schema.ts';
import { RegistryChanges } from '../../../../src/db/signed/registry-changes.ts';
import { openRegistry } from '../../../../src/db/signed/registry-walk.ts';
import { put } from '../../../../src/db/signed/tables.ts';
import type { Proposal } from '../../../../src/kernel/acts.ts';
import { actOf } from '../../../../src/kernel/audit.ts';
import { KeywardError } from '../../../../src/kernel/errors.ts';
import type { RefusedKey } from '../../../../src/kernel/key.ts';
import type { RegistrySeal, StoredKey } from '../../../../src/kernel/registry.ts';
import { createKeyRing } from '../../../../src/keys/key-ring.ts';
import { followRegistry } from '../../../../src/keys/load-ring.ts';
import { createBindingKeys } from '../../../../src/keys/registry-key.ts';
import { composeBindingRecord } from '../../../../src/token/binding-record.ts';
import { canarySample } from '../../../support/canary-samples.ts';
import { NOON, openTestStore, type TestStores, withStores } from '../../../support/open-test-store.ts';
import { ALICE, hsmId, made, madeKey, placeSample, scopeSample } from '../../../support/registry-samples.ts';
import { restoreTables } from '../../../support/restore-tables.ts';
import { aSigningKey, softwareKey } from '../../../support/software-keys.ts';
import { REGISTRY_SOFTWARE_KEY, SOFTWARE_SEAL } from '../../../support/software-seal.ts';
import { query } from '../../../support/store-database.ts';

const AWAY = new KeywardError('hsm_unavailable', 'The HSM is away.');
const KEYWARD = { operatorId: 'keyward', requestId: null };
const PAYMENTS = scopeSample('payments');
const WEB = { id: 'web', description: '', createdAt: 1, revokedAt: null, grants: [] };
const DIGEST = Buffer.alloc(32, 1);
const SIGN = { scopeId: 'payments', action: 'sign' } as const;
const OTHERS = canarySample({ id: 'theirs' });
const GAP = { id: 1, issued_from: 1, issued_until: 2, first_event: 1, last_event: 0, first_checkpoint: 1 };
const PROPOSAL: Proposal = {
  id: 'p1',
  act: 'client.create',
  subject: 'client:x',
  parameters: {},
  before: null,
  after: null,
  proposedBy: 'alice',
  proposedAt: 1,
  expiresAt: 2,
  state: 'open',
  decidedBy: null,
  decidedAt: null,
  failure: null,
};

/** As a row has it, bound by the registry key. */
function storedKey(n: number, changes: Partial<StoredKey> = {}): StoredKey {
  const signUntil = PAYMENTS.createdAt + 1_000;
  const of = { signFrom: PAYMENTS.createdAt, signUntil, createdAt: PAYMENTS.createdAt + n };
  const { publicKey: _, ...key } = aSigningKey(PAYMENTS, softwareKey('ES256'), of);
  const binding = { ...key.binding, hsmId: hsmId(n) };
  const record = composeBindingRecord(binding, REGISTRY_SOFTWARE_KEY.kid, binding.signFrom);
  const bindingRecord = `${record}.${REGISTRY_SOFTWARE_KEY.sign(record).toString('base64url')}`;
  return { ...key, binding, bindingRecord, ...changes };
}

const ACTIVE = storedKey(1);
const STANDBY = storedKey(2, { state: 'pre_activation', signFrom: null });
const COMPROMISED = {
  ...ACTIVE,
  state: 'compromised',
  times: { ...ACTIVE.times, compromised: PAYMENTS.createdAt + 5 },
} as const;
const COMPROMISE = { type: 'key.compromised', actor: ALICE, subject: `key:${ACTIVE.kid}`, details: {} };

/** Everything that the service holds in memory of its registry. */
function views(store: TestStores) {
  const keyRing = createKeyRing();
  const refused: RefusedKey[] = [];
  const bindingKeys = createBindingKeys({ ...REGISTRY_SOFTWARE_KEY, sign: async (input) => input });
  const onRefused = (key: RefusedKey) => refused.push(key);
  followRegistry({ registry: store.registry, keyRing, bindingKeys, onRefused });
  return {
    keyRing,
    refused,
    directory: new Directory(store.access),
    canaries: new CanaryIndex(store.canaries),
    probes: () => store.verifierProbes.all(),
    proposals: () => store.proposals.all(),
    gaps: () => store.recordGaps.list(),
  };
}

async function open(seal: RegistrySeal = SOFTWARE_SEAL) {
  const opened = await openTestStore({ seal });
  const { store } = opened;
  await store.registry.reserveScope(PAYMENTS, [placeSample(1), placeSample(2)], ALICE);
  await store.registry.completeScope('payments', made(ACTIVE, STANDBY), ALICE);
  await store.access.addClient(WEB, DIGEST, ALICE);
  await store.access.addGrant('web', SIGN, ALICE);
  return { ...opened, seen: views(store) };
}

/** The registry as another process has it. */
async function another(
  store: TestStores,
  transaction: TrxWriter['transaction'] = (work) => store.writer.transaction(work),
) {
  const { reader } = store;
  const writer: UrgentWriter = { transaction, urgently: (work) => store.writer.urgently(work) };
  const ended: unknown[] = [];
  const gate = { confirm: async () => {} };
  const changes = new RegistryChanges(
    writer,
    NOON,
    gate,
    () => {},
    (failure) => ended.push(failure),
  );
  await openRegistry(reader, changes, { seal: SOFTWARE_SEAL });
  const registry = createRegistry(reader, changes);
  const { access, canaries, verifierProbes, proposals } = withStores({ ...store, changes, registry }, NOON);
  return { changes, ended, registry, access, canaries, verifierProbes, proposals };
}

describe('a view of the registry', () => {
  it('is told in the turn of the commit, before whoever asked for it is', async () => {
    const { store, seen } = await open();
    const order: string[] = [];
    seen.keyRing.changes.subscribe((id) => order.push(`${id}: ${seen.keyRing.activeKey(id)?.kid}`));
    seen.directory.clientChanges.subscribe((id) =>
      order.push(`${id}: ${seen.directory.allows(id, 'payments', 'sign')}`),
    );
    await store.registry.restrictKeys([{ before: ACTIVE, after: COMPROMISED }], COMPROMISE);
    order.push('compromised');
    await store.access.removeGrant('web', SIGN, ALICE);
    order.push('withdrawn');
    expect(order).toEqual(['payments: undefined', 'compromised', 'web: false', 'withdrawn']);
  });

  it('is told of what was restricted without the HSM, and of its signature nothing', async () => {
    let isAway = false;
    const door =
      <T>(sign: (statement: T) => Promise<string>) =>
      async (statement: T) => {
        if (isAway) throw AWAY;
        return sign(statement);
      };
    const { signRow, signHead } = SOFTWARE_SEAL;
    const { store, seen } = await open({
      ...SOFTWARE_SEAL,
      signRow: door(signRow),
      signHead: door(signHead),
    });
    const told: string[] = [];
    seen.keyRing.changes.subscribe((id) => told.push(id));
    seen.directory.clientChanges.subscribe((id) => told.push(id));
    isAway = true;
    await store.registry.restrictKeys([{ before: ACTIVE, after: COMPROMISED }], COMPROMISE);
    await store.access.revokeClient('web', 7, ALICE);
    expect(seen.keyRing.keyNamed(ACTIVE.kid)?.state).toBe('compromised');
    expect(seen.directory.allows('web', 'payments', 'sign')).toBe(false);
    expect(told).toEqual(['payments', 'web']);
    isAway = false;
    expect(await store.signPending()).toBeGreaterThan(0);
    expect(told).toEqual(['payments', 'web']);
  });

  it('is told of nothing that only reserves', async () => {
    const { store, seen } = await open();
    const told: string[] = [];
    seen.keyRing.changes.subscribe((id) => told.push(id));
    const reservation = { scopeId: 'payments', hsmToken: 'primary', hsmId: hsmId(3) };
    await store.registry.reserveKey(reservation, 1, ALICE);
    await store.registry.abandonKey(reservation, 'cut short', ALICE);
    expect(told).toEqual([]);
    await store.registry.reserveKey(reservation, 1, ALICE);
    const third = storedKey(3, { state: 'pre_activation', signFrom: null });
    await store.registry.completeKey(madeKey(third), ALICE);
    expect(told).toEqual(['payments']);
    expect(seen.keyRing.keyNamed(third.kid)?.kid).toBe(third.kid);
  });

  it('is what a view that is built afterwards is', async () => {
    const { store, seen } = await open();
    await store.registry.restrictKeys([{ before: ACTIVE, after: COMPROMISED }], COMPROMISE);
    await store.access.replaceCredential(
      { kind: 'svc', holderId: 'web', digest: Buffer.alloc(32, 2), createdAt: 3, revokedAt: null },
      ALICE,
    );
    await store.canaries.add(OTHERS, ALICE);
    await store.canaries.retire('theirs', 9, ALICE);
    const anew = views(store);
    for (const { keyRing, directory, canaries } of [seen, anew]) {
      expect(keyRing.scope('payments')?.keySetVersion).toBe(2);
      expect(keyRing.scopeKeys('payments')?.keys.map(({ kid, state }) => [kid, state])).toEqual([
        [STANDBY.kid, 'pre_activation'],
        [ACTIVE.kid, 'compromised'],
      ]);
      expect([directory.credential(DIGEST), directory.everHeld(DIGEST)?.revokedAt]).toEqual([undefined, 3]);
      expect(directory.credential(Buffer.alloc(32, 2))?.holderId).toBe('web');
      expect([canaries.get('theirs')?.retiredAt, canaries.ofDigest(OTHERS.digest as Buffer)]).toEqual([
        9,
        undefined,
      ]);
    }
  });

  it('is told of a commit of which the answer was lost once that is known', async () => {
    const { store } = await open();
    let isLost = false;
    const { registry, access } = await another(store, async (work) => {
      const result = await store.writer.transaction(work);
      if (isLost) throw new KeywardError('store_unavailable', 'the writer is lost');
      return result;
    });
    const directory = new Directory(access);
    isLost = true;
    await expect(access.removeGrant('web', SIGN, ALICE)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(directory.allows('web', 'payments', 'sign')).toBe(true);
    isLost = false;
    await registry.load();
    expect(directory.allows('web', 'payments', 'sign')).toBe(false);
  });

  it('leaves out a key whose row came to disagree with its binding record', async () => {
    const { store, seen } = await open();
    const longer = { ...STANDBY, signUntil: STANDBY.binding.signUntil + 1 };
    await store.registry.changeKeys([{ before: STANDBY, after: longer }], {
      ...COMPROMISE,
      type: 'key.changed',
    });
    expect(seen.refused).toMatchObject([{ kid: STANDBY.kid }]);
    expect(seen.keyRing.refusedKeys()).toEqual(seen.refused);
    expect(seen.keyRing.keysOf('payments').map(({ kid }) => kid)).toEqual([ACTIVE.kid]);
  });

  it('that fails keeps no other from following, and ends the process', async () => {
    const { store } = await open();
    const { registry, access, ended } = await another(store);
    const keyRing = createKeyRing();
    const bindingKeys = createBindingKeys({ ...REGISTRY_SOFTWARE_KEY, sign: async (input) => input });
    let isBroken = false;
    const failure = new Error('a view is broken');
    registry.follow(() => {
      if (isBroken) throw failure;
    });
    followRegistry({ registry, keyRing, bindingKeys, onRefused: () => {} });
    await access.describeClient('web', 'the shop', ALICE);
    expect(ended).toEqual([]);
    isBroken = true;
    await registry.restrictKeys([{ before: ACTIVE, after: COMPROMISED }], COMPROMISE);
    expect(keyRing.keyNamed(ACTIVE.kid)?.state).toBe('compromised');
    expect(ended).toEqual([failure]);
  });
});

describe('what another process committed', () => {
  it('is in every view once this one has caught up, and changes are made on it', async () => {
    const { store, file, seen } = await open();
    const theirs = await another(store);
    await theirs.registry.changeKeys([{ before: ACTIVE, after: COMPROMISED }], COMPROMISE);
    await theirs.access.removeGrant('web', SIGN, ALICE);
    await theirs.canaries.add(OTHERS, ALICE);
    await theirs.verifierProbes.set(
      { clientId: 'web', scopeId: 'payments', url: 'https://x.example', setAt: 1 },
      ALICE,
    );
    await theirs.proposals.add(PROPOSAL, ALICE);
    await theirs.changes.change(actOf(KEYWARD, 'database.restore_accepted', 'database', {}), () => [
      put('record_gaps', {
        ...GAP,
        reason: 'a restore',
        last_checkpoint: 0,
        kept_ledger: 0,
        kept_registry: 0,
        settled_at: null,
      }),
    ]);
    expect(seen.keyRing.activeKey('payments')?.kid).toBe(ACTIVE.kid);
    await store.access.describeClient('web', 'the shop', ALICE);
    expect(seen.keyRing.activeKey('payments')).toBeUndefined();
    expect(seen.keyRing.keyNamed(ACTIVE.kid)?.state).toBe('compromised');
    expect(seen.directory.client('web')).toEqual({ ...WEB, description: 'the shop' });
    expect(seen.directory.allows('web', 'payments', 'sign')).toBe(false);
    expect(seen.canaries.get('theirs')).toEqual(OTHERS);
    expect(seen.probes().map(({ url }) => url)).toEqual(['https://x.example']);
    expect(seen.proposals()).toEqual([PROPOSAL]);
    expect(seen.gaps().map(({ reason }) => reason)).toEqual(['a restore']);
    await store.close();
    expect((await openTestStore({ file })).report.refused).toEqual([]);
  });

  it('is planned upon anew: what was asked for is refused for what is there by now', async () => {
    const { store } = await open();
    const theirs = await another(store);
    await theirs.access.addClient({ ...WEB, id: 'shop' }, Buffer.alloc(32, 3), ALICE);
    const twin = store.access.addClient({ ...WEB, id: 'shop' }, Buffer.alloc(32, 4), ALICE);
    await expect(twin).rejects.toMatchObject({ code: 'client_exists' });
    await store.access.addClient({ ...WEB, id: 'other' }, Buffer.alloc(32, 4), ALICE);
  });

  it('is not taken over where a row fails, and is where it is put back', async () => {
    const { store, file, seen } = await open();
    const theirs = await another(store);
    await theirs.access.removeGrant('web', SIGN, ALICE);
    await theirs.access.describeClient('web', 'theirs', ALICE);
    query(file, `UPDATE clients SET description = 'edited'`);
    const change = () => store.access.describeClient('web', 'the shop', ALICE);
    await expect(change()).rejects.toMatchObject({ code: 'registry_refused' });
    expect(seen.directory.allows('web', 'payments', 'sign')).toBe(true);
    query(file, `UPDATE clients SET description = 'theirs'`);
    await change();
    expect(seen.directory.allows('web', 'payments', 'sign')).toBe(false);
  });

  it('never goes back: an older registry that was signed once is refused', async () => {
    const { store, file, seen } = await open();
    query(file, `VACUUM INTO '${file}.older'`);
    await store.access.removeGrant('web', SIGN, ALICE);
    restoreTables(file, `${file}.older`, ['registry_head', 'registry_rows', 'registry_buckets', 'grants']);
    await expect(store.access.describeClient('web', 'x', ALICE)).rejects.toMatchObject({
      code: 'registry_refused',
    });
    expect(seen.directory.allows('web', 'payments', 'sign')).toBe(false);
  });
});
