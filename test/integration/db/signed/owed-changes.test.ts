import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../../../src/db/registry.ts';
import type { UrgentWriter } from '../../../../src/db/schema.ts';
import type { OwedState } from '../../../../src/db/signed/own-changes.ts';
import { RegistryChanges } from '../../../../src/db/signed/registry-changes.ts';
import { openRegistry } from '../../../../src/db/signed/registry-walk.ts';
import type { AuditEvent } from '../../../../src/kernel/audit.ts';
import { KeywardError } from '../../../../src/kernel/errors.ts';
import { NO_TIMES } from '../../../../src/kernel/key.ts';
import { openFront } from '../../../support/fronts.ts';
import { NOON, type TestStores } from '../../../support/open-test-store.ts';
import { provisionRegistry } from '../../../support/provisioned-registry.ts';
import { ALICE, keySample, scopeSample } from '../../../support/registry-samples.ts';
import { restoreTables } from '../../../support/restore-tables.ts';
import { SOFTWARE_SEAL } from '../../../support/software-seal.ts';
import { auditEventsIn, query } from '../../../support/store-database.ts';

const REGISTRY = ['scopes', 'signing_keys', 'registry_rows', 'registry_buckets', 'registry_head'];

function compromiseOf(scopeId: string, n: number) {
  const scope = scopeSample(scopeId);
  const before = keySample(scope, n, { state: 'active', signFrom: scope.createdAt });
  const times = { ...NO_TIMES, compromised: 1_760_000_100 };
  const after = { ...before, state: 'compromised', times, keptForForensics: true } as const;
  const act = {
    type: 'key.compromised',
    actor: ALICE,
    subject: `key:${before.kid}`,
    details: { why: 'seen' },
  };
  return [[{ before, after }], act] as const;
}
const PAYMENTS = compromiseOf('payments', 1);
const MAIL = compromiseOf('mail', 3);
const KIDS = ['kid-payments-1', 'kid-mail-3'];

/** A server with standbys that may be away: what is urgent is then on it alone, and nothing else is known to be done. */
class ReplicatedWriter implements UrgentWriter {
  readonly #writer: TestStores['writer'];
  isAway = true;
  losesAnswers = false;

  constructor(writer: TestStores['writer']) {
    this.#writer = writer;
  }

  readonly transaction: UrgentWriter['transaction'] = async (work) => {
    const result = await this.#writer.transaction(work);
    if (this.isAway) throw new KeywardError('store_unavailable', 'no standby confirms');
    return result;
  };

  readonly urgently: UrgentWriter['urgently'] = async (work) => {
    const result = await this.#writer.transaction(work);
    if (this.losesAnswers) throw new KeywardError('store_unavailable', 'the connection was lost');
    return { result, replicated: !this.isAway };
  };
}

async function open() {
  const { store, file } = await provisionRegistry();
  const writer = new ReplicatedWriter(store.writer);
  const told: string[] = [];
  const tell = (what: OwedState, { subject }: AuditEvent) => told.push(`${what} ${subject}`);
  const changes = new RegistryChanges(writer, NOON, { confirm: async () => {} }, tell);
  await openRegistry(store.reader, changes, { seal: SOFTWARE_SEAL });
  const registry = createRegistry(store.reader, changes);
  query(file, `VACUUM INTO '${file}.standby'`);
  return {
    store,
    file,
    writer,
    told,
    changes,
    registry,
    /** As the standby has it, which lacks what was committed since. */
    promote: () => restoreTables(file, `${file}.standby`, REGISTRY),
    states: () =>
      query(file, 'SELECT kid, state FROM signing_keys').flatMap(({ kid, state }) =>
        KIDS.includes(String(kid)) ? [`${kid} ${state}`] : [],
      ),
    pauses: () =>
      query(file, 'SELECT rotation_pause_reason AS why FROM scopes').flatMap(({ why }) => why ?? []),
    events: () => auditEventsIn(file).filter(({ type }) => type === 'key.compromised'),
    inMemory: (kid: string) => changes.view.rows('signing_keys').find((row) => row.kid === kid)?.state,
  };
}

describe('an urgent change that standbys lack', () => {
  it('is in effect, and owed until something else is known to be on them', async () => {
    const { registry, changes, writer, told, inMemory, events } = await open();
    await registry.restrictKeys(...PAYMENTS);
    expect([inMemory('kid-payments-1'), registry.isReplicated()]).toEqual(['compromised', false]);
    await expect(changes.signPending()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(registry.isReplicated()).toBe(false);
    writer.isAway = false;
    expect(await changes.signPending()).toBe(2);
    expect(registry.isReplicated()).toBe(true);
    expect(told).toEqual(['owed key:kid-payments-1', 'replicated key:kid-payments-1']);
    expect(events()).toHaveLength(1);
  });

  it('holds up no other', async () => {
    const { registry, inMemory, changes, told } = await open();
    await registry.restrictKeys(...PAYMENTS);
    await expect(changes.signPending()).rejects.toMatchObject({ code: 'store_unavailable' });
    await registry.restrictKeys(...MAIL);
    expect(KIDS.map(inMemory)).toEqual(['compromised', 'compromised']);
    expect(told).toEqual(['owed key:kid-payments-1', 'owed key:kid-mail-3']);
  });

  it('is committed again where a promotion lost it, all of them in their order, and before anything else', async () => {
    const { registry, writer, promote, states, events, told, changes } = await open();
    await registry.restrictKeys(...PAYMENTS);
    await registry.restrictKeys(...MAIL);
    promote();
    expect(states()).toEqual(['kid-payments-1 active', 'kid-mail-3 active']);
    writer.isAway = false;
    await registry.setRotationPause('mail', { until: 1_800_000_000, reason: 'new HSM' }, ALICE);
    expect(states()).toEqual(['kid-payments-1 compromised', 'kid-mail-3 compromised']);
    expect(events().map(({ subject, details }) => [subject, details.repeated, details.why])).toEqual([
      ['key:kid-payments-1', undefined, 'seen'],
      ['key:kid-mail-3', undefined, 'seen'],
      ['key:kid-payments-1', true, 'seen'],
      ['key:kid-mail-3', true, 'seen'],
    ]);
    expect(told.slice(2)).toEqual([
      'repeated key:kid-payments-1',
      'repeated key:kid-mail-3',
      'replicated key:kid-payments-1',
      'replicated key:kid-mail-3',
    ]);
    expect(await changes.signPending()).toBe(0);
  });

  it('is committed again with the next urgent one, while standbys are still away', async () => {
    const { registry, promote, states, told } = await open();
    await registry.restrictKeys(...PAYMENTS);
    promote();
    await registry.restrictKeys(...MAIL);
    expect(states()).toEqual(['kid-payments-1 compromised', 'kid-mail-3 compromised']);
    expect(told).toContain('repeated key:kid-payments-1');
    expect(registry.isReplicated()).toBe(false);
  });

  it('does not wait for one whose answer was lost, which is owed with it where the primary has it', async () => {
    const { registry, changes, writer, promote, states, told, inMemory, pauses } = await open();
    const pause = registry.setRotationPause('mail', { until: 1_800_000_000, reason: 'new HSM' }, ALICE);
    await expect(pause).rejects.toMatchObject({ code: 'store_unavailable' });
    await registry.restrictKeys(...MAIL);
    expect(inMemory('kid-mail-3')).toBe('compromised');
    expect(told).toEqual(['owed scope:mail', 'owed key:kid-mail-3']);
    promote();
    expect(pauses()).toEqual([]);
    writer.isAway = false;
    expect(await changes.signPending()).toBe(2);
    expect(pauses()).toEqual(['new HSM']);
    expect(states()).toEqual(['kid-payments-1 active', 'kid-mail-3 compromised']);
    expect(registry.isReplicated()).toBe(true);
  });
});

describe('an urgent change that standbys lack, with another front', () => {
  async function openBoth() {
    const ours = await open();
    const theirs = await openFront(ours.store);
    const follow = async () => {
      const catchUp = ours.changes.beginCatchUp();
      return catchUp.apply(await ours.store.reader.read((trx) => catchUp.read(trx)));
    };
    const described = () => ours.changes.view.row('clients', 'mail-web')?.description;
    return { ...ours, theirs, follow, described };
  }

  it('stays in effect where a promotion lost it, while the other is followed, and is committed again', async () => {
    const { registry, changes, writer, theirs, follow, described, promote, inMemory, states } =
      await openBoth();
    await registry.restrictKeys(...PAYMENTS);
    promote();
    await theirs.registry.restrictKeys(...MAIL);
    await theirs.access.describeClient('mail-web', 'theirs', ALICE);
    expect(await follow()).toBe(true);
    expect([...KIDS.map(inMemory), described()]).toEqual(['compromised', 'compromised', 'theirs']);
    expect(registry.isReplicated()).toBe(false);
    writer.isAway = false;
    expect(await changes.signPending()).toBe(2);
    expect(states()).toEqual(['kid-payments-1 compromised', 'kid-mail-3 compromised']);
    await theirs.follow();
    expect(theirs.changes.opened().head).toEqual(changes.opened().head);
  });

  it('is owed once it is obeyed, though its own answer was lost', async () => {
    const { registry, changes, writer, follow, told, promote, inMemory, states } = await openBoth();
    writer.losesAnswers = true;
    await expect(registry.restrictKeys(...PAYMENTS)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect([inMemory('kid-payments-1'), told]).toEqual(['active', []]);
    expect(await follow()).toBe(true);
    expect([inMemory('kid-payments-1'), told]).toEqual(['compromised', ['owed key:kid-payments-1']]);
    promote();
    await follow();
    expect(inMemory('kid-payments-1')).toBe('compromised');
    writer.losesAnswers = false;
    writer.isAway = false;
    expect(await changes.signPending()).toBe(2);
    expect(states()).toEqual(['kid-payments-1 compromised', 'kid-mail-3 active']);
  });

  it.each([
    ['followed', true],
    ['not followed yet', false],
  ])('is not committed again where the other has signed it, and that is %s', async (_, isFollowed) => {
    const { registry, changes, writer, theirs, follow, told, events } = await openBoth();
    await registry.restrictKeys(...PAYMENTS);
    await theirs.follow();
    expect(await theirs.changes.signPending()).toBe(2);
    if (isFollowed) expect(await follow()).toBe(true);
    await registry.restrictKeys(...MAIL);
    writer.isAway = false;
    expect(await changes.signPending()).toBe(2);
    expect(told).toEqual([
      'owed key:kid-payments-1',
      'owed key:kid-mail-3',
      'replicated key:kid-payments-1',
      'replicated key:kid-mail-3',
    ]);
    expect(events().map(({ details }) => details.repeated)).toEqual([undefined, undefined]);
    await theirs.follow();
    expect(theirs.changes.opened().head).toEqual(changes.opened().head);
  });

  it('is told as lost where the other changed the same after the promotion, and holds up nothing', async () => {
    const { registry, changes, writer, theirs, follow, told, promote, file, inMemory } = await openBoth();
    await registry.restrictKeys(...PAYMENTS);
    promote();
    const [[{ before, after }], act] = PAYMENTS;
    const suspended = {
      ...after,
      state: 'suspended',
      times: { ...NO_TIMES, suspended: 1_760_000_101 },
    } as const;
    await theirs.registry.changeKeys([{ before, after: suspended }], { ...act, type: 'key.suspended' });
    query(file, `DELETE FROM audit_events WHERE type = 'key.compromised'`);
    expect(await follow()).toBe(true);
    writer.isAway = false;
    expect(await changes.signPending()).toBe(0);
    expect(told).toEqual(['owed key:kid-payments-1', 'lost key:kid-payments-1']);
    expect([inMemory('kid-payments-1'), registry.isReplicated()]).toEqual(['suspended', true]);
    await registry.restrictKeys(...MAIL);
  });

  it('stays in effect where somebody who cannot sign changed one of its rows', async () => {
    const { registry, changes, writer, told, promote, inMemory, file } = await openBoth();
    await registry.restrictKeys(...PAYMENTS);
    promote();
    writer.isAway = false;
    query(file, `UPDATE registry_rows SET signature = 'forged' WHERE row_id = 'payments' RETURNING 1`);
    expect(await changes.signPending().catch(({ code }) => code)).toBe('registry_refused');
    expect([inMemory('kid-payments-1'), told]).toEqual(['compromised', ['owed key:kid-payments-1']]);
  });

  it('is told as lost where the other changed one of its rows, is ordered anew, and holds up nothing', async () => {
    const { registry, changes, writer, theirs, follow, told, promote, states, inMemory } = await openBoth();
    await registry.restrictKeys(...PAYMENTS);
    promote();
    await theirs.registry.setRotationPause('payments', { until: 1_800_000_000, reason: 'theirs' }, ALICE);
    expect(await follow()).toBe(true);
    expect(inMemory('kid-payments-1')).toBe('compromised');
    writer.isAway = false;
    expect(await changes.signPending()).toBe(0);
    expect(told).toEqual(['owed key:kid-payments-1', 'lost key:kid-payments-1']);
    expect([inMemory('kid-payments-1'), await follow()]).toEqual(['active', true]);
    await registry.restrictKeys(...PAYMENTS);
    expect(await changes.signPending()).toBe(2);
    expect(states()).toEqual(['kid-payments-1 compromised', 'kid-mail-3 active']);
    await theirs.follow();
    expect(theirs.changes.opened().head).toEqual(changes.opened().head);
  });
});
