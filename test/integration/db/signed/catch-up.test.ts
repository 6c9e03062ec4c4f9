import type { KyselyPlugin } from 'kysely';
import { describe, expect, it } from 'vitest';
import { openRegistry, RegistryWalk } from '../../../../src/db/signed/registry-walk.ts';
import { put } from '../../../../src/db/signed/tables.ts';
import { KEYWARD } from '../../../../src/kernel/actor.ts';
import { actOf } from '../../../../src/kernel/audit.ts';
import { NO_TIMES } from '../../../../src/kernel/key.ts';
import type { RefusedRow } from '../../../../src/kernel/registry.ts';
import { followed } from '../../../support/followed.ts';
import { type Front, openFront } from '../../../support/fronts.ts';
import { provisionRegistry } from '../../../support/provisioned-registry.ts';
import { ALICE, keySample, placeSample, scopeSample } from '../../../support/registry-samples.ts';
import { SOFTWARE_SEAL } from '../../../support/software-seal.ts';
import { auditEventsAt, queryDatabase } from '../../../support/store-database.ts';

const SIGN = { scopeId: 'mail', action: 'sign' } as const;
const VERIFY = { scopeId: 'mail', action: 'verify' } as const;
const REFUSED = { code: 'registry_refused' };
const MAIL_GRANT = 'grants ["mail-web","mail","sign"]';
/** More than there are steps of a walk. */
const ROUND = 20;

function compromiseOf(scopeId: string, n: number) {
  const scope = scopeSample(scopeId);
  const before = keySample(scope, n, { state: 'active', signFrom: scope.createdAt });
  const times = { ...NO_TIMES, compromised: 1_760_000_100 };
  const after = { ...before, state: 'compromised', times, keptForForensics: true } as const;
  const act = { type: 'key.compromised', actor: ALICE, subject: `key:${before.kid}`, details: {} };
  return [[{ before, after }], act] as const;
}
const PAYMENTS = compromiseOf('payments', 1);
const MAIL = compromiseOf('mail', 3);

async function open() {
  const { store, database } = await provisionRegistry();
  const [ours, theirs] = [await openFront(store), await openFront(store)];
  const walk = new RegistryWalk(store.reader, ours.changes);
  return {
    store,
    ours,
    theirs,
    sql: (text: string) => queryDatabase(database, text),
    events: () => auditEventsAt(database),
    /** As a front that starts now has it. */
    fresh: async () => {
      const front = await openFront(store);
      expect(front.refused).toEqual([]);
      return front.memory();
    },
    walked: async () => {
      const found: RefusedRow[] = [];
      for (let step = 0; step < ROUND; step += 1) found.push(...(await walk.step()));
      return found.map(({ table, id, why }) => `${table} ${id}: ${why}`);
    },
  };
}

const stateOf = ({ changes }: Front, kid: string) =>
  changes.view.rows('signing_keys').find((row) => row.kid === kid)?.state;
const clientOf = ({ changes }: Front, id: string) => changes.view.row('clients', id);

/** Restricted without a signature, by the access store: it tries to sign first. */
async function withoutHsm({ hsm }: Front, restrict: () => Promise<void>): Promise<void> {
  hsm.isAway = true;
  await restrict();
  hsm.isAway = false;
}

describe('what another front committed', () => {
  it.each<[string, (front: Front) => Promise<unknown>]>([
    ['a signed change', ({ access }) => access.describeClient('mail-web', 'theirs', ALICE)],
    ['a new row', ({ access }) => access.addGrant('mail-web', VERIFY, ALICE)],
    ['a removal', ({ access }) => access.removeGrant('mail-web', SIGN, ALICE)],
    [
      'rows of other kinds of keys',
      async ({ access, changes }) => {
        await access.addOperator(
          { id: 'carol', roles: ['auditor'], createdAt: 1, revokedAt: null },
          Buffer.alloc(32, 99),
          ALICE,
        );
        await changes.change(actOf(KEYWARD, 'database.restore_accepted', 'database', {}), () => [
          put('record_gaps', {
            id: 7,
            reason: 'a restore',
            issued_from: 1,
            issued_until: 2,
            first_event: 1,
            last_event: 0,
            first_checkpoint: 1,
            last_checkpoint: 0,
            kept_ledger: 0,
            kept_registry: 0,
            settled_at: null,
          }),
        ]);
      },
    ],
    ['a change of a key set', ({ registry }) => registry.changeKeys(...PAYMENTS)],
    ['an unsigned restriction', ({ registry }) => registry.restrictKeys(...PAYMENTS)],
    [
      'an unsigned removal',
      (front) => withoutHsm(front, () => front.access.removeGrant('mail-web', SIGN, ALICE)),
    ],
    [
      'a restriction that was signed since',
      async ({ registry, changes }) => {
        await registry.restrictKeys(...PAYMENTS);
        expect(await changes.signPending()).toBe(2);
      },
    ],
    [
      'a removal that was signed since',
      async (front) => {
        await withoutHsm(front, () => front.access.removeGrant('mail-web', SIGN, ALICE));
        expect(await front.changes.signPending()).toBe(1);
      },
    ],
    [
      'a row that went and came back',
      async ({ access }) => {
        await access.removeGrant('mail-web', SIGN, ALICE);
        await access.addGrant('mail-web', SIGN, ALICE);
      },
    ],
    [
      'many changes, signed and unsigned',
      async ({ access, registry }) => {
        await registry.restrictKeys(...MAIL);
        await access.removeGrant('mail-web', SIGN, ALICE);
        await access.revokeClient('payments-web', 7, ALICE);
        await registry.restrictKeys(...PAYMENTS);
      },
    ],
  ])('is followed: %s', async (_, change) => {
    const { ours, theirs, fresh } = await open();
    const before = ours.memory();
    await change(theirs);
    expect(ours.memory()).toEqual(before);
    expect(await ours.follow()).toBe(true);
    expect(ours.memory()).toEqual(theirs.memory());
    expect(ours.memory()).toEqual(await fresh());
    await ours.access.describeClient('mail-web', 'ours', ALICE);
    expect(await theirs.follow()).toBe(true);
    expect(clientOf(theirs, 'mail-web')?.description).toBe('ours');
    expect(ours.memory()).toEqual(await fresh());
  });

  it('is followed step by step: a restriction, and then its signature by whoever signs it', async () => {
    const { ours, theirs, fresh } = await open();
    await theirs.registry.restrictKeys(...PAYMENTS);
    await ours.follow();
    expect([stateOf(ours, 'kid-payments-1'), ours.memory().pending.length]).toEqual(['compromised', 2]);
    expect(await ours.changes.signPending()).toBe(2);
    expect(theirs.memory().pending).toHaveLength(2);
    await theirs.follow();
    expect(theirs.memory().pending).toEqual([]);
    expect(theirs.memory()).toEqual(await fresh());
  });

  it('changes nothing twice', async () => {
    const { ours, theirs } = await open();
    await theirs.access.removeGrant('mail-web', SIGN, ALICE);
    let told = 0;
    ours.changes.opened().changed.subscribe((rows) => {
      told += rows.length;
    });
    await ours.follow();
    const { revision } = ours.changes.opened();
    expect(await ours.follow()).toBe(true);
    expect([told, ours.changes.opened().revision]).toEqual([1, revision]);
  });

  it('is read alone: of thousands of rows the one that changed', async () => {
    const { store, ours, theirs } = await open();
    const clients = Array.from({ length: 2_000 }, (_, n) =>
      put('clients', { id: `client-${n}`, description: '', created_at: 1, revoked_at: null }),
    );
    const event = actOf(KEYWARD, 'clients.created', 'clients', {});
    await theirs.changes.change(event, () => clients);
    await ours.follow();
    await theirs.access.describeClient('client-7', 'theirs', ALICE);
    const catchUp = ours.changes.beginCatchUp();
    const reads = new Reads();
    const found = await store.reader.read((trx) => catchUp.read(trx.withPlugin(reads)));
    expect(catchUp.apply(found)).toBe(true);
    expect(clientOf(ours, 'client-7')?.description).toBe('theirs');
    // The head, a list, a mark and a row.
    expect(reads.rows).toBe(4);
    expect(reads.statements).toBeLessThan(12);
  });

  it('is read without any row where nothing changed', async () => {
    const { store, ours } = await open();
    const reads = new Reads();
    await store.reader.read((trx) => ours.changes.beginCatchUp().read(trx.withPlugin(reads)));
    expect([reads.rows, reads.statements]).toEqual([1, 2]);
  });
});

/** Counts what is read, but for the audit trail. */
class Reads implements KyselyPlugin {
  rows = 0;
  statements = 0;

  readonly transformQuery: KyselyPlugin['transformQuery'] = ({ node }) => {
    this.statements += 1;
    return node;
  };

  readonly transformResult: KyselyPlugin['transformResult'] = async ({ result }) => {
    this.rows += result.rows.filter((row) => !('details_json' in row)).length;
    return result;
  };
}

/** Does that before the first statement is answered. */
function atFirstRead(act: () => Promise<unknown>): KyselyPlugin {
  let acting: Promise<unknown> | undefined;
  return {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      acting ??= act();
      await acting;
      return result;
    },
  };
}

describe('what somebody wrote into the database', () => {
  it.each([
    ['a row of a signed change', `UPDATE clients SET description = 'edited' WHERE id = 'mail-web'`],
    ['its signature', `UPDATE registry_rows SET signature = 'x' WHERE row_id = 'mail-web'`],
    ['its mark, which is gone', `DELETE FROM registry_rows WHERE row_id = 'mail-web'`],
    ['the lists', `UPDATE registry_buckets SET rows_json = '[]'`],
    ['the head', `UPDATE registry_head SET signature = 'x'`],
  ])('is not followed, and what came before it stays: %s', async (_, tampering) => {
    const { ours, theirs, sql } = await open();
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    const before = ours.memory();
    await sql(tampering);
    await expect(ours.follow()).rejects.toMatchObject(REFUSED);
    expect(ours.memory()).toEqual(before);
  });

  it('is followed again once it is put back', async () => {
    const { ours, theirs, sql } = await open();
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    await sql(`UPDATE clients SET description = 'edited' WHERE id = 'mail-web'`);
    await expect(ours.follow()).rejects.toMatchObject(REFUSED);
    await sql(`UPDATE clients SET description = 'theirs' WHERE id = 'mail-web'`);
    expect(await ours.follow()).toBe(true);
    expect(clientOf(ours, 'mail-web')?.description).toBe('theirs');
  });

  it('is not followed where a row is put in that no list names, in the place of one that went', async () => {
    const { ours, theirs, sql } = await open();
    await theirs.access.removeGrant('mail-web', SIGN, ALICE);
    await sql(`INSERT INTO grants (client_id, scope_id, action) VALUES ('mail-web', 'mail', 'sign')`);
    await expect(ours.follow()).rejects.toMatchObject({ ...REFUSED, cause: new Error(MAIL_GRANT) });
  });

  it('is not followed where a restriction stands in no audit event', async () => {
    const { ours, sql } = await open();
    await sql(`UPDATE clients SET revoked_at = 7 WHERE id = 'mail-web'`);
    await sql(
      `UPDATE registry_rows SET pending = replace(content, '}', ',"revoked_at":7}') WHERE row_id = 'mail-web'`,
    );
    await expect(ours.follow()).rejects.toMatchObject({
      ...REFUSED,
      cause: new Error('clients mail-web'),
    });
    expect(clientOf(ours, 'mail-web')?.revoked_at).toBeNull();
  });

  it('is not followed where a mark is of no row that there can be', async () => {
    const { ours, sql } = await open();
    await sql(
      `INSERT INTO registry_rows (table_name, row_id, content, signature, pending) VALUES ('grants', 'x', '{}', 'x', 'null'), ('nothing', 'x', '{}', 'x', 'null')`,
    );
    await expect(ours.follow()).rejects.toMatchObject({ ...REFUSED, cause: new Error('grants x') });
  });

  it('makes no row less restricted without a signature', async () => {
    const { ours, theirs, sql } = await open();
    await withoutHsm(theirs, () => theirs.access.revokeClient('mail-web', 7, ALICE));
    await ours.follow();
    await sql(`UPDATE clients SET revoked_at = NULL WHERE id = 'mail-web'`);
    await sql(`UPDATE registry_rows SET pending = NULL WHERE row_id = 'mail-web'`);
    await expect(ours.follow()).rejects.toMatchObject({
      ...REFUSED,
      cause: new Error('clients mail-web'),
    });
    expect(clientOf(ours, 'mail-web')?.revoked_at).toBe(7);
  });

  it('makes a row no less restricted where the audit event is taken away, too', async () => {
    const { ours, theirs, sql } = await open();
    await withoutHsm(theirs, () => theirs.access.revokeClient('mail-web', 7, ALICE));
    await ours.follow();
    await sql(`UPDATE clients SET revoked_at = NULL WHERE id = 'mail-web'`);
    await sql(`UPDATE registry_rows SET pending = NULL WHERE row_id = 'mail-web'`);
    await sql(`DELETE FROM audit_events WHERE type = 'client.revoked'`);
    await expect(ours.follow()).rejects.toMatchObject(REFUSED);
    expect(clientOf(ours, 'mail-web')?.revoked_at).toBe(7);
  });

  it('changes nothing where it is an older registry that was signed once', async () => {
    const { ours, theirs, sql } = await open();
    const [head] = await sql('SELECT version, signature FROM registry_head');
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    await theirs.registry.restrictKeys(...PAYMENTS);
    await ours.follow();
    const before = ours.memory();
    await sql('UPDATE registry_rows SET pending = NULL');
    await sql(`UPDATE registry_head SET version = ${head?.version}, signature = '${head?.signature}'`);
    expect(await ours.follow()).toBe(true);
    expect(ours.memory()).toEqual(before);
    await expect(ours.access.describeClient('mail-web', 'ours', ALICE)).rejects.toMatchObject(REFUSED);
  });

  it('is no reason to miss what others restrict, where it is an older head', async () => {
    const { ours, theirs, sql } = await open();
    const [head] = await sql('SELECT version, signature FROM registry_head');
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    await ours.follow();
    await sql(`UPDATE registry_head SET version = ${head?.version}, signature = '${head?.signature}'`);
    await theirs.registry.restrictKeys(...PAYMENTS);
    expect(await ours.follow()).toBe(true);
    expect(stateOf(ours, 'kid-payments-1')).toBe('compromised');
  });

  it('stays out where it was refused at the start, and all else is followed', async () => {
    const { store, theirs, sql } = await open();
    await sql(`UPDATE clients SET description = 'edited' WHERE id = 'payments-web'`);
    const late = await openFront(store);
    expect(late.refused).toMatchObject([{ table: 'clients', id: 'payments-web' }]);
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    await theirs.registry.restrictKeys(...PAYMENTS);
    expect(await late.follow()).toBe(true);
    expect([clientOf(late, 'mail-web')?.description, clientOf(late, 'payments-web')]).toEqual([
      'theirs',
      undefined,
    ]);
    await late.access.addGrant('mail-web', VERIFY, ALICE);
  });
});

describe('a change of this front meanwhile', () => {
  it('is not undone: what was read before it is not applied, and what is read then is', async () => {
    const { store, ours, theirs, fresh } = await open();
    await theirs.access.removeGrant('mail-web', SIGN, ALICE);
    const catchUp = ours.changes.beginCatchUp();
    const found = await store.reader.read((trx) => catchUp.read(trx));
    await ours.registry.restrictKeys(...PAYMENTS);
    expect(catchUp.apply(found)).toBe(false);
    expect(followed(ours.access)).not.toEqual(followed(theirs.access));
    expect(await ours.follow()).toBe(true);
    expect(ours.memory()).toEqual(await fresh());
  });

  it('is no fault where a snapshot of before is held against what memory has by now', async () => {
    const { store, ours } = await open();
    const catchUp = ours.changes.beginCatchUp();
    const found = await store.reader.read(async (trx) => {
      await trx.selectFrom('registry_head').selectAll().execute();
      await withoutHsm(ours, () => ours.access.revokeClient('mail-web', 7, ALICE));
      return await catchUp.read(trx);
    });
    expect(catchUp.apply(found)).toBe(false);
    expect(await ours.follow()).toBe(true);
    expect(clientOf(ours, 'mail-web')?.revoked_at).toBe(7);
  });

  it('is not undone where it is another registry that was opened: to that nothing of before is applied', async () => {
    const { store, ours, theirs } = await open();
    await theirs.access.removeGrant('mail-web', SIGN, ALICE);
    const catchUp = ours.changes.beginCatchUp();
    const found = await store.reader.read((trx) => catchUp.read(trx));
    await openRegistry(store.reader, ours.changes, { seal: SOFTWARE_SEAL });
    const { revision } = ours.changes.opened();
    expect([catchUp.apply(found), ours.changes.opened().revision]).toEqual([false, revision]);
  });

  it.each([
    ['known late', false],
    ['lost', true],
  ])('does not undo what others made of it, where its answer is %s', async (_, isLost) => {
    const { ours, theirs, fresh } = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    ours.writer.held = promise;
    ours.writer.isLost = isLost;
    const change = ours.access.describeClient('mail-web', 'ours', ALICE);
    await expect.poll(() => ours.writer.committed).toBe(1);
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    expect(await ours.follow()).toBe(true);
    expect(clientOf(ours, 'mail-web')?.description).toBe('theirs');
    resolve();
    if (isLost) await expect(change).rejects.toMatchObject({ code: 'store_unavailable' });
    else await change;
    ours.writer.isLost = false;
    await ours.changes.settle();
    expect(clientOf(ours, 'mail-web')?.description).toBe('theirs');
    expect(ours.memory()).toEqual(await fresh());
    await ours.access.addGrant('mail-web', VERIFY, ALICE);
    expect(ours.memory()).toEqual(await fresh());
  });

  it('is in effect once it is known where it was in no snapshot that was read', async () => {
    const { store, ours, theirs, fresh } = await open();
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    ours.writer.isLost = true;
    const catchUp = ours.changes.beginCatchUp();
    const found = await store.reader.read(async (trx) => {
      const read = await catchUp.read(trx);
      await expect(ours.registry.restrictKeys(...PAYMENTS)).rejects.toMatchObject({
        code: 'store_unavailable',
      });
      return read;
    });
    expect(catchUp.apply(found)).toBe(true);
    expect(clientOf(ours, 'mail-web')?.description).toBe('theirs');
    expect(stateOf(ours, 'kid-payments-1')).toBe('active');
    ours.writer.isLost = false;
    await ours.changes.settle();
    expect(stateOf(ours, 'kid-payments-1')).toBe('compromised');
    expect(ours.memory()).toEqual(await fresh());
  });

  it('is planned anew on what was followed while it waited for its signature', async () => {
    const { ours, theirs, fresh } = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    ours.hsm.held = promise;
    const change = ours.access.describeClient('payments-web', 'ours', ALICE);
    await expect.poll(() => ours.hsm.heads).toBe(1);
    await theirs.access.removeGrant('mail-web', SIGN, ALICE);
    await ours.follow();
    resolve();
    await change;
    expect(ours.hsm.heads).toBe(2);
    expect(clientOf(ours, 'payments-web')?.description).toBe('ours');
    expect(ours.memory()).toEqual(await fresh());
  });

  it('is refused for what was followed while it waited for its signature, though it touches no row of that', async () => {
    const { ours, theirs, fresh } = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    ours.hsm.held = promise;
    const { issuer, audience } = scopeSample('twin');
    const twin = ours.registry.reserveScope(
      { ...scopeSample('other'), issuer, audience },
      [placeSample(8)],
      ALICE,
    );
    await expect.poll(() => ours.hsm.heads).toBe(1);
    await theirs.registry.reserveScope(scopeSample('twin'), [placeSample(9)], ALICE);
    await ours.follow();
    resolve();
    await expect(twin).rejects.toMatchObject({ code: 'issuer_audience_taken' });
    expect(ours.memory()).toEqual(await fresh());
  });

  it('is planned anew, too, where it was followed in the midst of catching up', async () => {
    const { ours, theirs, fresh } = await open();
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    let transactions = 0;
    ours.writer.wrap = (trx) => {
      transactions += 1;
      return transactions === 2 ? trx.withPlugin(atFirstRead(() => ours.follow())) : trx;
    };
    await ours.access.addGrant('mail-web', VERIFY, ALICE);
    expect([transactions, clientOf(ours, 'mail-web')?.description]).toEqual([3, 'theirs']);
    expect(ours.memory()).toEqual(await fresh());
  });

  it('signs what others restricted, though it was not followed yet: the trail tells of it no further back', async () => {
    const { ours, theirs, fresh, events } = await open();
    await theirs.registry.restrictKeys(...PAYMENTS);
    await ours.access.describeClient('mail-web', 'ours', ALICE);
    expect(stateOf(ours, 'kid-payments-1')).toBe('compromised');
    expect((await events()).slice(-2).map(({ type }) => type)).toEqual([
      'client.described',
      'registry.signed',
    ]);
    expect([ours.memory().pending, ours.memory()]).toEqual([[], await fresh()]);
  });
});

describe('a walk through the registry', () => {
  it('follows first: what others committed is no alarm', async () => {
    const { ours, theirs, walked } = await open();
    await theirs.access.removeGrant('mail-web', SIGN, ALICE);
    await theirs.registry.restrictKeys(...PAYMENTS);
    expect(await walked()).toEqual([]);
    expect(ours.memory()).toEqual(theirs.memory());
  });

  it.each([
    [
      'a row',
      `UPDATE clients SET description = 'edited' WHERE id = 'mail-web'`,
      ['clients mail-web: it differs from what was signed: description'],
    ],
    [
      'a row that others changed',
      `UPDATE clients SET description = 'edited' WHERE id = 'payments-web'`,
      ['clients payments-web: it differs from what was signed: description'],
    ],
    [
      'a mark that waits for a signature',
      `UPDATE registry_rows SET pending = 'null' WHERE row_id = 'mail-web'`,
      ['clients mail-web: it is not what waits for its signature'],
    ],
  ])(
    'tells of what was written past all fronts, beside what others committed: %s',
    async (_, tampering, told) => {
      const { theirs, walked, sql } = await open();
      await theirs.access.describeClient('payments-web', 'theirs', ALICE);
      await sql(tampering);
      expect([...new Set(await walked())]).toEqual(told);
    },
  );

  it('tells of a later head that nobody signed', async () => {
    const { theirs, walked, sql } = await open();
    await theirs.access.describeClient('payments-web', 'theirs', ALICE);
    await sql(`UPDATE registry_head SET version = version + 1, signature = 'x'`);
    expect(await walked()).toContain('registry_head 1: it is not the one that the service left');
  });

  it('tells of a row beside one that waits falsely for its signature, and not of what others restricted', async () => {
    const { theirs, walked, sql } = await open();
    await theirs.registry.restrictKeys(...PAYMENTS);
    await sql(`UPDATE registry_rows SET pending = 'null' WHERE row_id = 'mail-web'`);
    await sql(`UPDATE operators SET created_at = 99 WHERE id = 'operator-1'`);
    expect([...new Set(await walked())]).toEqual([
      'clients mail-web: it is not what waits for its signature',
      'operators operator-1: it differs from what was signed: created_at',
    ]);
  });
});

describe('the head for a checkpoint', () => {
  it('may be that of another front, which is followed', async () => {
    const { store, ours, theirs } = await open();
    await theirs.access.removeGrant('mail-web', SIGN, ALICE);
    await store.writer.transaction((trx) => ours.changes.requireOwnHead(trx));
    expect(ours.memory()).toEqual(theirs.memory());
  });

  it('may be one of which this front does not know whether it was committed', async () => {
    const { store, ours } = await open();
    ours.writer.isLost = true;
    await expect(ours.access.removeGrant('mail-web', SIGN, ALICE)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await store.writer.transaction((trx) => ours.changes.requireOwnHead(trx));
  });

  it.each([
    ['another of the same number', `UPDATE registry_head SET signature = 'x'`],
    ['a later one that nobody signed', `UPDATE registry_head SET version = version + 1, signature = 'x'`],
    ['none', 'DELETE FROM registry_head'],
    ['behind a row that is forged', `UPDATE clients SET description = 'edited' WHERE id = 'mail-web'`],
  ])('is not %s', async (_, tampering) => {
    const { store, ours, theirs, sql } = await open();
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    if (!tampering.includes('clients')) await ours.follow();
    await sql(tampering);
    const required = store.writer.transaction((trx) => ours.changes.requireOwnHead(trx));
    await expect(required).rejects.toMatchObject(REFUSED);
  });

  it('is not an older one', async () => {
    const { store, ours, sql } = await open();
    const [head] = await sql('SELECT version, signature FROM registry_head');
    await ours.access.describeClient('mail-web', 'ours', ALICE);
    await sql(`UPDATE registry_head SET version = ${head?.version}, signature = '${head?.signature}'`);
    const required = store.writer.transaction((trx) => ours.changes.requireOwnHead(trx));
    await expect(required).rejects.toMatchObject(REFUSED);
  });
});
