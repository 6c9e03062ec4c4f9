import { describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/kernel/actor.ts';
import { AUDIT_GENESIS, type BrokenChain } from '../../../src/kernel/audit-chain.ts';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { openTestStore, type TestStores } from '../../support/open-test-store.ts';
import { query } from '../../support/store-database.ts';

const ALICE: Actor = { operatorId: 'alice', requestId: null };
const jump = (wall: number) => securityEvent('clock.jump', { jump: 'departed', wall, expected: 5 });
const change = (file: string, set: string, where: string) =>
  query(file, `UPDATE audit_events SET ${set} WHERE ${where} RETURNING 1`);
const told = (event: string, of = 'record') => ({
  type: event,
  actor: 'alice',
  subject: of,
  requestId: null,
  details: { of },
});

/** Two raised events, the first one acknowledged. */
async function service() {
  const { store, file } = await openTestStore();
  await store.securityEvents.raise(jump(1));
  await store.securityEvents.raise(jump(2));
  await store.securityEvents.acknowledge(1, null, ALICE);
  return { store, file, broken: brokenOf(store) };
}

function brokenOf(store: TestStores): readonly BrokenChain[] {
  const broken: BrokenChain[] = [];
  store.brokenEvents.subscribe((found) => broken.push(found));
  return broken;
}

/** The service anew, with the runs whose seals count. */
async function anew(file: string, isTrusted: (id: string) => boolean = () => true) {
  const { store } = await openTestStore({ file });
  const runs = (await store.runs.all()).filter(({ id }) => isTrusted(id));
  await store.trustEvents({ runs, reach: AUDIT_GENESIS });
  return { store, broken: brokenOf(store) };
}

const statesOf = async (store: TestStores) =>
  (await store.securityEvents.list({}, { limit: 10 })).map(({ sequence, state }) => [sequence, state]);

/** A step on the second event as somebody at the file would write it, who makes a sealed event into its testimony. */
function forgeStep(file: string): void {
  query(
    file,
    `INSERT INTO case_log (sequence, case_kind, case_id, step, taken_by, taken_at, audit_sequence)
     SELECT 9, 'security_event', '2', 'acknowledged', actor, time, sequence FROM audit_events WHERE sequence = 2 RETURNING 1`,
  );
  change(file, `type = 'security_event.acknowledged', subject = 'security_event:2'`, 'sequence = 2');
}

describe('an audit event that somebody changed', () => {
  it('testifies to no step, is told once, and leaves the other steps as they are', async () => {
    const { store, file, broken } = await service();
    forgeStep(file);
    const as = [
      [2, 'open'],
      [1, 'acknowledged'],
    ];
    expect([await statesOf(store), await statesOf(store)]).toEqual([as, as]);
    expect(await store.securityEvents.countUnresolved()).toMatchObject({
      open: { critical: 1 },
      acknowledged: { critical: 1 },
    });
    expect(broken).toMatchObject([{ place: 'event 2' }]);
  });

  it('takes no room in a list of events in a state', async () => {
    const { store, file } = await service();
    await store.securityEvents.raise(jump(3));
    forgeStep(file);
    const inState = async (state: 'open' | 'acknowledged', limit: number) =>
      (await store.securityEvents.list({ state }, { limit })).map(({ sequence }) => sequence);
    expect([await inState('open', 1), await inState('open', 2)]).toEqual([[3], [3, 2]]);
    expect(await inState('acknowledged', 1)).toEqual([1]);
    expect((await store.securityEvents.changesAfter(0, 9)).map(({ became }) => became)).not.toContain(
      'resolved',
    );
  });

  it('does not stand in the way of the step itself', async () => {
    const { store, file } = await service();
    forgeStep(file);
    expect(await store.securityEvents.acknowledge(2, 'seen', ALICE)).toMatchObject({
      state: 'acknowledged',
      acknowledged: { by: 'alice', note: 'seen' },
    });
  });

  it('testifies to no step after a start either', async () => {
    const { store: before, file } = await service();
    forgeStep(file);
    await before.close();
    const { store, broken } = await anew(file);
    expect(await statesOf(store)).toEqual([
      [2, 'open'],
      [1, 'acknowledged'],
    ]);
    expect(broken).toMatchObject([{ place: 'event 2' }]);
  });

  it.each([
    ['its time', 'time = time - 1'],
    ['its actor', `actor = 'mallory'`],
    ['its details', `details_json = '{"of":"mallory"}'`],
    ['its hash too', `details_json = '{"of":"mallory"}', hash = randomblob(32)`],
  ])('is not the last of its kind, nor about its subject: %s', async (_, set) => {
    const { store, file, broken } = await service();
    for (const type of ['one', 'two', 'two']) await store.audit.record(told(type));
    const at = query(file, 'SELECT max(sequence) AS n FROM audit_events')[0]?.n as number;
    expect((await store.audit.newestOfType('two', 5)).map(({ sequence }) => sequence)).toEqual([at, at - 1]);
    change(file, set, `sequence = ${at}`);
    expect((await store.audit.newestOfType('two', 5)).map(({ sequence }) => sequence)).toEqual([at - 1]);
    expect((await store.audit.lastAbout('record', 'two'))?.sequence).toBe(at - 1);
    expect((await store.audit.witnessedAfter(at - 3, 5)).map(({ sequence }) => sequence)).toEqual([
      at - 2,
      at - 1,
    ]);
    expect(broken).toMatchObject([{ place: `event ${at}` }]);
  });

  it('takes no room in a page', async () => {
    const { store, file } = await service();
    for (let n = 0; n < 12; n += 1) await store.audit.record(told(`type ${n % 2}`));
    const first = query(file, `SELECT min(sequence) AS n FROM audit_events WHERE type = 'type 0'`)[0]
      ?.n as number;
    change(file, `actor = 'mallory'`, `sequence BETWEEN ${first + 1} AND ${first + 6}`);
    const sequences = async (events: Promise<readonly { sequence: number }[]>) =>
      (await events).map(({ sequence }) => sequence);
    expect(await sequences(store.audit.witnessedAfter(first - 1, 3))).toEqual([first, first + 7, first + 8]);
    expect(await sequences(store.audit.newestOfType('type 0', 3))).toEqual([first + 10, first + 8, first]);
  });

  it('is passed over where it has a number that cannot be read', async () => {
    const { store, file } = await service();
    const head = query(file, 'SELECT max(sequence) AS n FROM audit_events')[0]?.n as number;
    change(file, 'time = 1 << 60', `sequence = ${head}`);
    query(
      file,
      `INSERT INTO audit_events (sequence, time, type, actor, subject, details_json, hash)
       VALUES (1 << 60, 1, 'one', 'mallory', 'record', '{}', randomblob(32)) RETURNING 1`,
    );
    expect((await store.audit.witnessedAfter(0, 100)).map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: head - 1 }, (_, index) => index + 1),
    );
    expect(await store.audit.newestOfType('one', 5)).toEqual([]);
  });

  it('opens and confirms no range of unwitnessed events', async () => {
    const { store: before, file } = await service();
    const range = { from: 3, to: 3, hash: 'h' };
    await before.unwitnessed.record(range);
    await before.audit.record({ ...told('one', 'audit'), subject: 'audit' });
    await before.close();
    change(
      file,
      `type = 'audit.unwitnessed_confirmed', details_json = '${JSON.stringify({ ranges: [range] })}'`,
      `type = 'one'`,
    );
    const { store } = await anew(file);
    await store.unwitnessed.load(undefined);
    expect(store.unwitnessed.list()).toEqual([range]);
    await store.unwitnessed.confirm('seen', ALICE);
    await store.unwitnessed.load(undefined);
    expect(store.unwitnessed.list()).toEqual([]);
  });
});

describe('an audit event of a run that the audit key never certified', () => {
  /** The events of a first run, and one of a second. */
  async function twoRuns() {
    const { store: before, file } = await service();
    await before.close();
    const { store: second } = await openTestStore({ file });
    await second.audit.record(told('end'));
    const { id } = second.runs.own;
    await second.close();
    return { file, isSecond: (run: string) => run === id };
  }

  it('counts where a certified run sealed what follows from it', async () => {
    const { file, isSecond } = await twoRuns();
    const { store, broken } = await anew(file, isSecond);
    expect(await statesOf(store)).toEqual([
      [2, 'open'],
      [1, 'acknowledged'],
    ]);
    expect(broken).toEqual([]);
  });

  it('counts for nothing where it does not follow, or no certified run came after', async () => {
    const { file, isSecond } = await twoRuns();
    const { store: alone } = await anew(file, () => false);
    expect(await statesOf(alone)).toEqual([
      [2, 'open'],
      [1, 'open'],
    ]);
    await alone.close();
    query(file, 'DELETE FROM audit_events WHERE sequence = 4 RETURNING 1');
    const { store, broken } = await anew(file, isSecond);
    expect(await statesOf(store)).toEqual([
      [2, 'open'],
      [1, 'open'],
    ]);
    expect(broken).toMatchObject([{ place: 'event 3', why: expect.stringContaining('event 4') }]);
  });

  it('counts as far as something else stood for the trail at the start', async () => {
    const { file } = await twoRuns();
    const { store } = await openTestStore({ file });
    const { hash } = (await store.audit.sealedAfter(2, 1))[0] ?? AUDIT_GENESIS;
    await store.trustEvents({ runs: [], reach: { sequence: 3, hash } });
    expect(await statesOf(store)).toEqual([
      [2, 'open'],
      [1, 'acknowledged'],
    ]);
    await store.trustEvents({ runs: [], reach: { sequence: 3, hash: new Uint8Array(32) } });
    expect(await statesOf(store)).toEqual([
      [2, 'open'],
      [1, 'open'],
    ]);
  });
});
