import { describe, expect, it } from 'vitest';
import type { EventRange } from '../../../../src/kernel/audit.ts';
import { KeywardError } from '../../../../src/kernel/errors.ts';
import { NO_TIMES } from '../../../../src/kernel/key.ts';
import type { ScopePolicy } from '../../../../src/kernel/policy.ts';
import type { RegistrySeal } from '../../../../src/kernel/registry.ts';
import { followed } from '../../../support/followed.ts';
import { NOON, openTestStore } from '../../../support/open-test-store.ts';
import { provisionRegistry } from '../../../support/provisioned-registry.ts';
import { ALICE, keySample, placeSample, scopeSample } from '../../../support/registry-samples.ts';
import { SOFTWARE_SEAL } from '../../../support/software-seal.ts';
import { auditEventsIn, query } from '../../../support/store-database.ts';

const AWAY = new KeywardError('hsm_unavailable', 'The HSM is away.');
const SUSPENDED = {
  type: 'key.suspended',
  actor: { operatorId: 'keyward', requestId: null },
  subject: 'key:kid-payments-1',
  details: {},
};

/** The registry key behind a door that can be shut, and held. */
class Door implements RegistrySeal {
  readonly readRow = SOFTWARE_SEAL.readRow;
  readonly readHead = SOFTWARE_SEAL.readHead;
  readonly lastVersion = SOFTWARE_SEAL.lastVersion;
  shut = false;
  signatures = 0;
  /** What each signature waits for. */
  held: Promise<void> = Promise.resolve();

  async signRow(statement: Parameters<RegistrySeal['signRow']>[0]): Promise<string> {
    await this.#pass();
    return SOFTWARE_SEAL.signRow(statement);
  }

  async signHead(statement: Parameters<RegistrySeal['signHead']>[0]): Promise<string> {
    await this.#pass();
    return SOFTWARE_SEAL.signHead(statement);
  }

  async #pass(): Promise<void> {
    this.signatures += 1;
    await this.held;
    if (this.shut) throw AWAY;
  }
}

/** No column of a time takes it. */
const NO_TIME = 0.5;

async function open(clock = NOON) {
  const first = await provisionRegistry();
  await first.store.close();
  const door = new Door();
  const { store, file } = await openTestStore({ file: first.file, seal: door, clock });
  const reopened = async (unwitnessed?: EventRange) => {
    await store.close();
    return await openTestStore({ file, ...(unwitnessed && { unwitnessed }) });
  };
  return { store, file, door, reopened };
}

const stateOf = async (store: Awaited<ReturnType<typeof open>>['store'], kid: string) =>
  (await store.registry.load()).keys.find((key) => key.kid === kid)?.state;
const payments = scopeSample('payments');
const signing = keySample(payments, 1, { state: 'active', signFrom: payments.createdAt });
const standby = keySample(payments, 2);
const suspended = {
  ...signing,
  state: 'suspended',
  times: { ...NO_TIMES, suspended: 1_760_000_100 },
} as const;
const suspension = [
  { before: signing, after: suspended },
  {
    before: standby,
    after: {
      ...standby,
      state: 'active',
      signFrom: 1_760_000_100,
      times: { ...NO_TIMES, activated: 1_760_000_100 },
    },
  },
] as const;

describe('a change', () => {
  it('signs the rows that it names and the head, and nothing where nothing changes', async () => {
    const { store, door } = await open();
    await store.access.addGrant('mail-web', { scopeId: 'mail', action: 'verify' }, ALICE);
    expect(door.signatures).toBe(2);
    await store.access.addGrant('mail-web', { scopeId: 'mail', action: 'verify' }, ALICE);
    expect(door.signatures).toBe(2);
  });

  it('moves the head by one', async () => {
    const { store, file } = await open();
    const before = Number(query(file, 'SELECT version FROM registry_head')[0]?.version);
    await store.access.revokeClient('mail-web', 7, ALICE);
    expect(query(file, 'SELECT version FROM registry_head')).toEqual([{ version: before + 1 }]);
  });

  it('is refused for a row that was changed past the service, and made for another', async () => {
    const { store, file } = await open();
    query(file, `UPDATE clients SET description = 'edited' WHERE id = 'mail-web'`);
    await expect(store.access.revokeClient('mail-web', 7, ALICE)).rejects.toMatchObject({
      code: 'registry_refused',
    });
    await store.access.revokeClient('payments-web', 7, ALICE);
    expect(query(file, 'SELECT id, revoked_at FROM clients ORDER BY id')).toEqual([
      { id: 'mail-web', revoked_at: null },
      { id: 'payments-web', revoked_at: 7 },
    ]);
  });

  it('is refused once the head was changed past the service', async () => {
    const { store, file } = await open();
    query(file, `UPDATE registry_head SET signature = 'another'`);
    await expect(store.access.revokeClient('mail-web', 7, ALICE)).rejects.toMatchObject({
      code: 'registry_refused',
    });
  });

  it('is refused while 256 others wait for the HSM, and made once they are through', async () => {
    const { store, door } = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    door.held = promise;
    const grant = { scopeId: 'mail', action: 'verify' } as const;
    const waiting = Array.from({ length: 256 }, () => store.access.addGrant('mail-web', grant, ALICE));
    await expect(store.access.addGrant('mail-web', grant, ALICE)).rejects.toMatchObject({
      code: 'overloaded',
    });
    resolve();
    await Promise.all(waiting);
    await store.access.addGrant('mail-web', grant, ALICE);
  });

  it('takes the same id again after a removal, and is believed', async () => {
    const { store, reopened } = await open();
    const grant = { scopeId: 'mail', action: 'sign' } as const;
    await store.access.removeGrant('mail-web', grant, ALICE);
    await store.access.addGrant('mail-web', grant, ALICE);
    const { report, store: again } = await reopened();
    expect(report.refused).toEqual([]);
    expect(followed(again.access).clients.flatMap(({ grants }) => grants)).toHaveLength(2);
  });

  it('finds out what became of one whose fate was unknown', async () => {
    let time = NOON.nowSeconds();
    const { store, file } = await open({ nowSeconds: () => time });
    time = NO_TIME;
    await expect(store.access.revokeClient('mail-web', 7, ALICE)).rejects.toMatchObject({ code: 'internal' });
    time = NOON.nowSeconds();
    await store.access.revokeClient('mail-web', 8, ALICE);
    expect(query(file, `SELECT revoked_at FROM clients WHERE id = 'mail-web'`)).toEqual([{ revoked_at: 8 }]);
  });
});

describe('without the HSM', () => {
  it('nothing is added, and what is there can be revoked and withdrawn', async () => {
    const { store, door } = await open();
    door.shut = true;
    await expect(
      store.access.addGrant('mail-web', { scopeId: 'payments', action: 'sign' }, ALICE),
    ).rejects.toBe(AWAY);
    await expect(store.registry.reserveScope(scopeSample('third'), [placeSample(9)], ALICE)).rejects.toBe(
      AWAY,
    );
    await store.access.revokeClient('mail-web', 7, ALICE);
    await store.access.removeGrant('payments-web', { scopeId: 'payments', action: 'sign' }, ALICE);
    const { clients } = followed(store.access);
    expect(clients.map(({ revokedAt, grants }) => [revokedAt, grants.length])).toEqual([
      [null, 0],
      [7, 1],
    ]);
  });

  it('a policy can be narrowed, and neither widened nor be given other contacts', async () => {
    const { store, door, reopened, file } = await open();
    const payments = async (registry: typeof store.registry) =>
      (await registry.load()).scopes.find(({ id }) => id === 'payments');
    const before = await payments(store.registry);
    const revise = (policy: Partial<ScopePolicy>, contacts: readonly string[] = []) =>
      store.registry.reviseScope(
        'payments',
        (scope) => ({ policy: { ...scope.policy, ...policy }, contacts }),
        ALICE,
      );
    door.shut = true;
    await expect(revise({ maxTtlSeconds: 7_200 })).rejects.toBe(AWAY);
    await expect(revise({}, ['mallory@id.example'])).rejects.toBe(AWAY);
    expect(await payments(store.registry)).toEqual(before);
    await revise({ maxTtlSeconds: 600, tokenTypes: ['at+jwt'] });
    await expect(revise({ maxTtlSeconds: 3_600 })).rejects.toBe(AWAY);
    expect(auditEventsIn(file).at(-1)).toMatchObject({
      type: 'scope.changed',
      details: {
        is: { max_ttl_seconds: 600, token_types: ['at+jwt'] },
        unsigned: [{ row: 'scopes payments' }],
      },
    });
    const { report, store: again } = await reopened();
    expect(report.refused).toEqual([]);
    expect((await payments(again.registry))?.policy.maxTtlSeconds).toBe(600);
    expect(await again.signPending()).toBe(1);
  });

  it('a pause of the rotation can be ended, and neither begun nor made longer', async () => {
    const { store, door, reopened } = await open();
    const { registry } = store;
    const pause = { until: 1_760_100_000, reason: 'a move' };
    await registry.setRotationPause('payments', pause, ALICE);
    door.shut = true;
    await expect(registry.setRotationPause('mail', pause, ALICE)).rejects.toBe(AWAY);
    const longer = { ...pause, until: pause.until + 1 };
    await expect(registry.setRotationPause('payments', longer, ALICE)).rejects.toBe(AWAY);
    await registry.setRotationPause('payments', null, ALICE);
    const { report, store: again } = await reopened();
    expect(report.refused).toEqual([]);
    const { scopes } = await again.registry.load();
    expect(scopes.map(({ rotationPause }) => rotationPause)).toEqual([null, null]);
    expect(await again.signPending()).toBe(1);
  });

  it.each([
    ['wider', (policy: string) => policy.replace('"maxTtlSeconds":3600', '"maxTtlSeconds":7200')],
    ['out of bounds', (policy: string) => policy.replace('"maxTtlSeconds":3600', '"maxTtlSeconds":null')],
    ['no JSON', () => '{'],
    ['no policy', () => '{"tokenTypes":7}'],
  ])('a policy that is %s is not believed for being written as a restriction', async (_, edited) => {
    const { reopened, file } = await open();
    const [row] = query(file, `SELECT policy_json FROM scopes WHERE id = 'payments'`);
    const [mark] = query(file, `SELECT content FROM registry_rows WHERE row_id = 'payments'`);
    const policy = edited(String(row?.policy_json));
    const content = JSON.stringify({ ...JSON.parse(String(mark?.content)), policy_json: policy });
    query(file, `UPDATE scopes SET policy_json = '${policy}' WHERE id = 'payments'`);
    query(file, `UPDATE registry_rows SET pending = '${content}' WHERE row_id = 'payments'`);
    const { report } = await reopened();
    expect(report.refused).toEqual([
      { table: 'scopes', id: 'payments', why: 'it was changed without a signature, and not only restricted' },
    ]);
  });

  it('the HSM ids of an abandoned scope become free, and are only the next one’s', async () => {
    const { store, door } = await open();
    const { registry } = store;
    const reserve = (id: string, ...ids: number[]) =>
      registry.reserveScope(
        scopeSample(id),
        ids.map((n) => placeSample(n)),
        ALICE,
      );
    await reserve('third', 9, 10);
    door.shut = true;
    await registry.abandonScope('third', 'the HSM is away', ALICE);
    door.shut = false;
    await reserve('fourth', 9);
    await reserve('fifth', 10);
    await reserve('third', 11);
    expect((await registry.unfinishedScopes()).map(({ scopeId, keys }) => [scopeId, keys])).toEqual([
      ['fifth', [placeSample(10)]],
      ['fourth', [placeSample(9)]],
      ['third', [placeSample(11)]],
    ]);
  });

  it('the trail names what it testifies to alone, and what was signed later', async () => {
    const { store, door, file } = await open();
    door.shut = true;
    await store.access.removeGrant('mail-web', { scopeId: 'mail', action: 'sign' }, ALICE);
    door.shut = false;
    await store.access.revokeClient('payments-web', 7, ALICE);
    expect(auditEventsIn(file).slice(-3)).toMatchObject([
      {
        type: 'grant.withdrawn',
        details: { scope: 'mail', action: 'sign', unsigned: [{ row: 'grants ["mail-web","mail","sign"]' }] },
      },
      { type: 'client.revoked', details: {} },
      { type: 'registry.signed', details: { rows: ['grants ["mail-web","mail","sign"]'] } },
    ]);
  });

  it('a restriction is believed at the next start, and signed then', async () => {
    const { store, door, reopened, file } = await open();
    door.shut = true;
    await store.access.revokeClient('mail-web', 7, ALICE);
    await store.access.removeGrant('mail-web', { scopeId: 'mail', action: 'sign' }, ALICE);
    const { report, store: again } = await reopened();
    expect(report.refused).toEqual([]);
    const client = followed(again.access).clients.find(({ id }) => id === 'mail-web');
    expect(client).toMatchObject({ revokedAt: 7, grants: [] });
    expect(await again.signPending()).toBe(3);
    expect(await again.signPending()).toBe(0);
    expect(query(file, 'SELECT row_id FROM registry_rows WHERE pending IS NOT NULL')).toEqual([]);
    expect(query(file, `SELECT row_id FROM registry_rows WHERE row_id LIKE '["mail-web%'`)).toEqual([]);
  });

  it('a restriction is not undone without a signature', async () => {
    const { store, door, reopened, file } = await open();
    door.shut = true;
    await store.access.revokeClient('mail-web', 7, ALICE);
    query(file, `UPDATE clients SET revoked_at = NULL WHERE id = 'mail-web'`);
    const { report } = await reopened();
    expect(report.refused).toEqual([
      { table: 'clients', id: 'mail-web', why: 'it is not what waits for its signature' },
    ]);
  });

  it('a restriction of which the audit trail does not tell is refused', async () => {
    const { reopened, file } = await open();
    query(file, `UPDATE clients SET revoked_at = 7 WHERE id = 'mail-web'`);
    query(
      file,
      `UPDATE registry_rows SET pending = replace(content, '}', ',"revoked_at":7}')
       WHERE table_name = 'clients' AND row_id = 'mail-web'`,
    );
    const { report } = await reopened();
    expect(report.refused).toEqual([
      {
        table: 'clients',
        id: 'mail-web',
        why: 'it was changed without a signature, and no witnessed event of the audit trail tells of it',
      },
    ]);
  });

  it('a row that is refused takes no change until it is put back as it was signed, and then it does', async () => {
    const { reopened, file } = await open();
    const named = `table_name = 'clients' AND row_id = 'mail-web'`;
    query(file, `UPDATE clients SET revoked_at = 7 WHERE id = 'mail-web'`);
    query(
      file,
      `UPDATE registry_rows SET pending = replace(content, '}', ',"revoked_at":7}') WHERE ${named}`,
    );
    const refused = await reopened();
    await refused.store.access.revokeClient('mail-web', 9, ALICE);
    expect(followed(refused.store.access).clients.map(({ id }) => id)).not.toContain('mail-web');
    expect(query(file, `SELECT revoked_at FROM clients WHERE id = 'mail-web'`)).toEqual([{ revoked_at: 7 }]);
    const [mark] = query(file, `SELECT content FROM registry_rows WHERE ${named}`);
    expect(Object.keys(JSON.parse(mark?.content as string))).not.toContain('revoked_at');
    query(file, `UPDATE clients SET revoked_at = NULL WHERE id = 'mail-web'`);
    query(file, `UPDATE registry_rows SET pending = NULL WHERE ${named}`);
    const { report, store } = await reopened();
    expect(report.refused).toEqual([]);
    await store.access.revokeClient('mail-web', 9, ALICE);
    const client = followed(store.access).clients.find(({ id }) => id === 'mail-web');
    expect(client?.revokedAt).toBe(9);
  });

  const UNTOLD = 'it was changed without a signature, and no witnessed event of the audit trail tells of it';

  it('a restriction is refused where the audit event that tells of it is not witnessed', async () => {
    const { store, door, reopened, file } = await open();
    door.shut = true;
    await store.access.revokeClient('mail-web', 7, ALICE);
    const [last] = query(file, 'SELECT max(sequence) AS sequence FROM audit_events');
    const { sequence } = last as { sequence: number };
    const { report } = await reopened({ from: sequence, to: sequence, hash: 'x' });
    expect(report.refused).toContainEqual({ table: 'clients', id: 'mail-web', why: UNTOLD });
    expect(report.refused).toHaveLength(2);
  });

  it('a restriction is refused where the audit trail tells of another one of the same row', async () => {
    const { store, door, reopened, file } = await open();
    door.shut = true;
    await store.access.revokeClient('mail-web', 7, ALICE);
    query(file, `UPDATE clients SET revoked_at = 8 WHERE id = 'mail-web'`);
    query(
      file,
      `UPDATE registry_rows SET pending = replace(content, '}', ',"revoked_at":8}')
       WHERE table_name = 'clients' AND row_id = 'mail-web'`,
    );
    const { report } = await reopened();
    const why = 'it is not restricted as the audit trail told last';
    expect(report.refused).toEqual([{ table: 'clients', id: 'mail-web', why }]);
  });

  it('a restriction that was undone with its mark is missed, and all others stand', async () => {
    const { store, door, reopened, file } = await open();
    door.shut = true;
    await store.access.revokeClient('mail-web', 7, ALICE);
    await store.access.revokeClient('payments-web', 7, ALICE);
    query(file, `UPDATE clients SET revoked_at = NULL WHERE id = 'mail-web'`);
    query(
      file,
      `UPDATE registry_rows SET pending = NULL WHERE table_name = 'clients' AND row_id = 'mail-web'`,
    );
    const { report, store: again } = await reopened();
    const why = 'the audit trail tells that it was restricted, and it is not';
    expect(report.refused).toEqual([{ table: 'clients', id: 'mail-web', why }]);
    const { clients } = followed(again.access);
    expect(clients.map(({ id, revokedAt }) => [id, revokedAt])).toEqual([['payments-web', 7]]);
  });

  it('a restriction is missed where an earlier one of the same row was put back', async () => {
    const { store, door, reopened, file } = await open();
    const narrow = (maxTtlSeconds: number) =>
      store.registry.reviseScope(
        'payments',
        (scope) => ({ policy: { ...scope.policy, maxTtlSeconds }, contacts: [] }),
        ALICE,
      );
    door.shut = true;
    await narrow(600);
    const [row] = query(file, `SELECT policy_json, key_set_version FROM scopes WHERE id = 'payments'`);
    const [mark] = query(file, `SELECT pending FROM registry_rows WHERE row_id = 'payments'`);
    await narrow(300);
    query(
      file,
      `UPDATE scopes SET policy_json = '${row?.policy_json}', key_set_version = ${row?.key_set_version}
       WHERE id = 'payments'`,
    );
    query(file, `UPDATE registry_rows SET pending = '${mark?.pending}' WHERE row_id = 'payments'`);
    const { report } = await reopened();
    const why = 'it is not restricted as the audit trail told last';
    expect(report.refused).toEqual([{ table: 'scopes', id: 'payments', why }]);
  });

  it('a restriction is told of behind any number of other events', async () => {
    const { store, door, reopened, file } = await open();
    door.shut = true;
    await store.access.revokeClient('mail-web', 7, ALICE);
    const event = { type: 'test.event', actor: 'alice', subject: 'x', requestId: null, details: {} };
    for (let n = 0; n < 1_001; n += 1) await store.audit.record(event);
    query(file, `UPDATE clients SET revoked_at = NULL WHERE id = 'mail-web'`);
    query(
      file,
      `UPDATE registry_rows SET pending = NULL WHERE table_name = 'clients' AND row_id = 'mail-web'`,
    );
    const { report } = await reopened();
    expect(report.refused).toMatchObject([{ table: 'clients', id: 'mail-web' }]);
  });

  it('what the trail told of an earlier version of a row is no word for a later one', async () => {
    const { store, door, reopened, file } = await open();
    const revise = (maxTtlSeconds: number) =>
      store.registry.reviseScope(
        'payments',
        (scope) => ({ policy: { ...scope.policy, maxTtlSeconds }, contacts: [] }),
        ALICE,
      );
    await revise(3_600);
    door.shut = true;
    await revise(600);
    const [row] = query(file, `SELECT policy_json FROM scopes WHERE id = 'payments'`);
    const [mark] = query(file, `SELECT pending FROM registry_rows WHERE row_id = 'payments'`);
    door.shut = false;
    await revise(3_600);
    query(file, `UPDATE scopes SET policy_json = '${row?.policy_json}' WHERE id = 'payments'`);
    query(
      file,
      `UPDATE registry_rows SET pending = json_set('${mark?.pending}', '$.key_set_version',
         (SELECT key_set_version FROM scopes WHERE id = 'payments')) WHERE row_id = 'payments'`,
    );
    const { report } = await reopened();
    expect(report.refused).toEqual([{ table: 'scopes', id: 'payments', why: UNTOLD }]);
  });

  it('nothing else is believed for being written as a restriction', async () => {
    const { reopened, file } = await open();
    query(
      file,
      `UPDATE operators SET roles_json = '["operator","approver","auditor"]' WHERE id = 'operator-0'`,
    );
    query(
      file,
      `UPDATE registry_rows SET pending = replace(content, '\\"approver\\"', '\\"approver\\",\\"auditor\\"')
       WHERE row_id = 'operator-0'`,
    );
    const { report } = await reopened();
    expect(report.refused).toEqual([
      {
        table: 'operators',
        id: 'operator-0',
        why: 'it was changed without a signature, and not only restricted',
      },
    ]);
  });
});

describe('an emergency', () => {
  it('suspends a key and promotes the standby in one commit, without a signature', async () => {
    const { store, door, file } = await open();
    door.shut = true;
    await store.registry.restrictKeys(suspension, SUSPENDED);
    expect(door.signatures).toBe(0);
    const { scopes, keys } = await store.registry.load();
    expect(scopes.find(({ id }) => id === 'payments')?.keySetVersion).toBe(2);
    expect(keys.filter(({ scopeId }) => scopeId === 'payments')).toMatchObject([
      { kid: 'kid-payments-1', state: 'suspended' },
      { kid: 'kid-payments-2', state: 'active', signFrom: 1_760_000_100 },
    ]);
    expect(auditEventsIn(file).at(-1)).toMatchObject({ type: 'key.suspended' });
  });

  it('does not wait for a change that waits for the HSM, which is then made all the same', async () => {
    const { store, door, reopened } = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    door.held = promise;
    const slow = store.access.addGrant('mail-web', { scopeId: 'payments', action: 'sign' }, ALICE);
    await store.registry.restrictKeys(suspension, SUSPENDED);
    expect(await stateOf(store, 'kid-payments-1')).toBe('suspended');
    resolve();
    await slow;
    expect(await store.signPending()).toBe(3);
    const { report, store: again } = await reopened();
    expect(report.refused).toEqual([]);
    expect(await stateOf(again, 'kid-payments-1')).toBe('suspended');
  });

  it('is not overwritten by the signature of what the row was before', async () => {
    const { store, door, reopened } = await open();
    await store.registry.restrictKeys(suspension, SUSPENDED);
    const { promise, resolve } = Promise.withResolvers<void>();
    door.held = promise;
    const late = store.signPending();
    const times = { ...suspended.times, compromised: 1_760_000_200 };
    const after = { ...suspended, state: 'compromised', times, keptForForensics: true } as const;
    const compromise = [{ before: suspended, after }] as const;
    await store.registry.restrictKeys(compromise, { ...SUSPENDED, type: 'key.compromised' });
    resolve();
    expect(await late).toBe(3);
    const { report, store: again } = await reopened();
    expect(report.refused).toEqual([]);
    expect(await stateOf(again, 'kid-payments-1')).toBe('compromised');
    expect(await again.signPending()).toBe(0);
  });

  it.each([
    ['lengthens a window', { signUntil: 1_999_999_999 }],
    ['puts a key back that was never suspended', { state: 'pre_activation' }],
    ['says that a private half is gone', { times: { ...NO_TIMES, privateKeyDestroyed: 1 } }],
    ['withdraws a key', { state: 'destroyed' }],
  ] as const)('is none where it %s', async (_, change) => {
    const { store } = await open();
    const changes = [{ before: signing, after: { ...signing, ...change } }];
    await expect(store.registry.restrictKeys(changes, SUSPENDED)).rejects.toMatchObject({
      code: 'internal',
    });
    expect(await stateOf(store, 'kid-payments-1')).toBe('active');
  });

  it('is none where it resumes a suspended key', async () => {
    const { store } = await open();
    await store.registry.restrictKeys(suspension, SUSPENDED);
    const after = { ...suspended, state: 'deactivated' } as const;
    const resume = [{ before: suspended, after }];
    await expect(store.registry.restrictKeys(resume, SUSPENDED)).rejects.toMatchObject({
      code: 'internal',
    });
  });
});

describe('a change of keys', () => {
  it('keeps every time of a key, and whether it is kept, to the last value', async () => {
    const { store, reopened } = await open();
    const names = Object.keys(NO_TIMES) as (keyof typeof NO_TIMES)[];
    const times = { ...NO_TIMES, ...Object.fromEntries(names.map((name, n) => [name, 1_760_000_500 + n])) };
    const after = { ...signing, state: 'compromised', times, keptForForensics: true } as const;
    await store.registry.changeKeys([{ before: signing, after }], SUSPENDED);
    const { store: again } = await reopened();
    expect((await again.registry.load()).keys.find(({ kid }) => kid === signing.kid)).toEqual(after);
  });

  it('is refused where the key is in another state than the plan found, and changes nothing', async () => {
    const { store } = await open();
    await store.registry.restrictKeys(suspension, SUSPENDED);
    const before = await store.registry.load();
    await expect(store.registry.restrictKeys(suspension, SUSPENDED)).rejects.toMatchObject({
      code: 'key_changed',
      message:
        'Key kid-payments-1 is suspended by now; look at it, and ask again where that is still wanted.',
    });
    expect(await store.registry.load()).toEqual(before);
  });
});

describe('a registry whose signatures are gone', () => {
  it.each([
    ['all of them', ['registry_rows', 'registry_buckets', 'registry_head']],
    ['its head', ['registry_head']],
    ['its rows’', ['registry_rows']],
    ['its lists', ['registry_buckets']],
  ])('is refused, never signed anew: %s', async (_, tables) => {
    const { file, store } = await provisionRegistry();
    await store.close();
    for (const table of tables) query(file, `DELETE FROM ${table}`);
    const events = auditEventsIn(file).length;
    const outcome = await openTestStore({ file }).then(
      ({ report }) => report.refused.length,
      (error: KeywardError) => error.code,
    );
    expect(outcome === 'registry_refused' || Number(outcome) > 0).toBe(true);
    expect(auditEventsIn(file)).toHaveLength(events);
  });
});
