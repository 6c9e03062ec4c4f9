import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../../../src/db/registry.ts';
import type { UrgentWriter } from '../../../../src/db/schema.ts';
import { type OwedState, RegistryChanges } from '../../../../src/db/signed/registry-changes.ts';
import { openRegistry } from '../../../../src/db/signed/registry-walk.ts';
import type { AuditEvent } from '../../../../src/kernel/audit.ts';
import { KeywardError } from '../../../../src/kernel/errors.ts';
import { NO_TIMES } from '../../../../src/kernel/key.ts';
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

  constructor(writer: TestStores['writer']) {
    this.#writer = writer;
  }

  readonly transaction: UrgentWriter['transaction'] = async (work) => {
    const result = await this.#writer.transaction(work);
    if (this.isAway) throw new KeywardError('store_unavailable', 'no standby confirms');
    return result;
  };

  readonly urgently: UrgentWriter['urgently'] = async (work) => ({
    result: await this.#writer.transaction(work),
    replicated: !this.isAway,
  });
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
