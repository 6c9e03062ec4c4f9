import { describe, expect, it, vi } from 'vitest';
import { Checkpointer } from '../../../src/audit/checkpointer.ts';
import { Delivery } from '../../../src/audit/delivery.ts';
import { GuardedSink } from '../../../src/audit/sinks.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { Leadership } from '../../../src/kernel/registry.ts';
import { checkpointDigest, composeCheckpoint, readCheckpoint } from '../../../src/token/checkpoint.ts';
import { SOLE_OWNER, switchedLeadership } from '../../support/leadership.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { openTestStore, type TestStores } from '../../support/open-test-store.ts';
import { joinedFronts } from '../../support/postgres/joined.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { softwareKey } from '../../support/software-keys.ts';

const KEY = softwareKey('ES256');
const EVENT = { type: 'test', actor: 'alice', subject: 'x', requestId: null, details: {} };

const signed = (input: string) => `${input}.${KEY.sign(input).toString('base64url')}`;

async function setUp() {
  const { store } = await openTestStore();
  return openFront(store, SOLE_OWNER);
}

function openFront(store: TestStores, leadership: Leadership) {
  const sink = new MemorySink();
  const watch = { failed() {}, recovered() {}, changed() {} };
  const begin = { sequence: 0, checkpointNumber: 0 };
  const delivery = new Delivery(new GuardedSink(sink, 1_000, watch), store.audit, begin, KEY.publicJwk);
  const now = {
    seconds: 1_800_000_000,
    steady: true,
    hsm: true,
    sealed: undefined as string | undefined,
    answer: Promise.resolve(),
    onSealed: () => {},
  };
  const stored: number[] = [];
  const checkpointer = new Checkpointer(
    {
      log: store.audit,
      auditKey: {
        kid: KEY.kid,
        publicKey: KEY.publicKey,
        sign: async (input) => {
          await now.answer;
          if (!now.hsm) throw new KeywardError('hsm_unavailable', 'away');
          return `${input}.${KEY.sign(input).toString('base64url')}`;
        },
      },
      sealed: async (latest) => {
        now.onSealed();
        return now.sealed ?? latest;
      },
      gaps: () => [],
      clock: { nowSeconds: () => now.seconds },
      timeGuard: {
        requireSteadyTime() {
          if (!now.steady) throw new KeywardError('clock_jump', 'jumped');
        },
      },
      leadership,
      onStored: ({ number }) => stored.push(number),
      deliveries: [delivery],
      everySeconds: 60,
      everyEvents: 3,
    },
    undefined,
  );
  const kinds = () =>
    sink.entries.map((entry) => {
      if (entry.kind === 'event') return `event ${entry.event.sequence}`;
      return entry.kind === 'checkpoint' ? `checkpoint ${entry.number}` : entry.kind;
    });
  return { audit: store.audit, sink, checkpointer, now, kinds, stored };
}

describe('checkpoints', () => {
  it('come at first, then each minute', async () => {
    const { checkpointer, now } = await setUp();
    await checkpointer.tick();
    expect(checkpointer.latest()?.number).toBe(1);
    now.seconds += 59;
    await checkpointer.tick();
    expect(checkpointer.latest()?.number).toBe(1);
    now.seconds += 1;
    await checkpointer.tick();
    expect(checkpointer.latest()).toMatchObject({ number: 2, time: now.seconds });
  });

  it('come with the next tick after a change that they should cover at once, once for all of a second', async () => {
    const { checkpointer } = await setUp();
    await checkpointer.tick();
    checkpointer.soon();
    checkpointer.soon();
    await checkpointer.tick();
    await checkpointer.tick();
    expect(checkpointer.latest()?.number).toBe(2);
  });

  it('come as soon as the HSM is back where one was wanted while it was away', async () => {
    const { checkpointer, now } = await setUp();
    await checkpointer.tick();
    checkpointer.soon();
    now.hsm = false;
    await expect(checkpointer.tick()).rejects.toMatchObject({ code: 'hsm_unavailable' });
    now.hsm = true;
    await checkpointer.tick();
    expect(checkpointer.latest()?.number).toBe(2);
  });

  it('come earlier after so many events', async () => {
    const { audit, checkpointer } = await setUp();
    await checkpointer.tick();
    for (let count = 0; count < 2; count += 1) await audit.record(EVENT);
    await checkpointer.tick();
    expect(checkpointer.latest()?.number).toBe(1);
    await audit.record(EVENT);
    await checkpointer.tick();
    expect(checkpointer.latest()).toMatchObject({ number: 2, auditSequence: 3 });
  });

  it('each hold the head of the trail and name the one before', async () => {
    const { audit, checkpointer } = await setUp();
    await checkpointer.take();
    const first = checkpointer.latest()?.jws ?? '';
    await audit.record(EVENT);
    await checkpointer.take();
    const second = await readCheckpoint(checkpointer.latest()?.jws ?? '', KEY);
    expect(second?.previous).toEqual(checkpointDigest(first));
    const { sequence, hash } = await audit.auditHead();
    expect(second?.heads.audit).toEqual({ sequence, hash: Buffer.from(hash) });
  });

  it('take up the one that the signer sealed and a crash kept from the database', async () => {
    const { audit, checkpointer, now, stored } = await setUp();
    await checkpointer.take();
    const before = checkpointer.latest()?.jws ?? '';
    const heads = await audit.heads();
    const lost = { number: 2, previous: checkpointDigest(before), time: now.seconds, heads };
    now.sealed = signed(composeCheckpoint(lost, KEY.kid));
    await audit.record(EVENT);
    await checkpointer.take();
    expect((await audit.checkpointsAfter(1, 10)).map(({ number }) => number)).toEqual([2, 3]);
    const third = await readCheckpoint(checkpointer.latest()?.jws ?? '', KEY);
    expect(third?.previous).toEqual(checkpointDigest(now.sealed));
    expect(stored).toEqual([1, 2, 3]);
  });

  it.each([
    ['further on', 3, 0],
    ['of another past', 2, 1],
    ['of events that are not there', 2, 0],
  ])('are not taken where the signer sealed one %s', async (what, number, fill) => {
    const { audit, checkpointer, now } = await setUp();
    await checkpointer.take();
    const previous = fill ? Buffer.alloc(32, fill) : checkpointDigest(checkpointer.latest()?.jws ?? '');
    const heads = await audit.heads();
    const further = { sequence: heads.audit.sequence + 1, hash: Buffer.alloc(32, 7) };
    const seen = what === 'of events that are not there' ? { ...heads, audit: further } : heads;
    now.sealed = signed(composeCheckpoint({ number, previous, time: now.seconds, heads: seen }, KEY.kid));
    await expect(checkpointer.take()).rejects.toMatchObject({ code: 'database_restored' });
    expect(checkpointer.latest()?.number).toBe(1);
  });

  it('do not wait for a time that a wrong clock has given the last one', async () => {
    const { checkpointer, now } = await setUp();
    await checkpointer.tick();
    now.seconds -= 40 * 86_400;
    await checkpointer.tick();
    expect(checkpointer.latest()).toMatchObject({ number: 2, time: now.seconds });
  });

  it('are not taken of a time that cannot be believed', async () => {
    const { checkpointer, now } = await setUp();
    now.steady = false;
    await expect(checkpointer.tick()).rejects.toMatchObject({ code: 'clock_jump' });
    expect(checkpointer.latest()).toBeUndefined();
  });
});

describe('a sink', () => {
  it('gets the key once, then each event, and each checkpoint behind what it covers', async () => {
    const { audit, checkpointer, now, kinds } = await setUp();
    await audit.record(EVENT);
    await checkpointer.tick();
    await audit.record(EVENT);
    await checkpointer.tick();
    now.seconds += 60;
    await checkpointer.tick();
    expect(kinds()).toEqual(['audit_key', 'event 1', 'checkpoint 1', 'event 2', 'checkpoint 2']);
  });

  it('gets at once what a checkpoint should cover at once, and that checkpoint', async () => {
    const { audit, checkpointer, kinds } = await setUp();
    await checkpointer.tick();
    await audit.record(EVENT);
    checkpointer.soon();
    await checkpointer.tick();
    expect(kinds().slice(-2)).toEqual(['event 1', 'checkpoint 2']);
  });

  it('gets the events before the HSM answers for their checkpoint', async () => {
    const { audit, checkpointer, now, kinds } = await setUp();
    await audit.record(EVENT);
    const answer = Promise.withResolvers<void>();
    now.answer = answer.promise;
    const ticked = checkpointer.tick();
    await vi.waitFor(() => expect(kinds()).toEqual(['audit_key', 'event 1']), { timeout: 20_000 });
    answer.resolve();
    await ticked;
    expect(kinds()).toEqual(['audit_key', 'event 1', 'checkpoint 1']);
  });

  it('gets all that it missed, also while the HSM is away', async () => {
    const { audit, sink, checkpointer, now, kinds } = await setUp();
    sink.mode = 'fails';
    for (let count = 0; count < 300; count += 1) await audit.record(EVENT);
    await checkpointer.tick();
    expect(kinds()).toEqual([]);
    sink.mode = 'works';
    now.hsm = false;
    now.seconds += 60;
    await expect(checkpointer.tick()).rejects.toMatchObject({ code: 'hsm_unavailable' });
    expect(kinds()).toHaveLength(302);
    expect(kinds().at(-1)).toBe('checkpoint 1');
    expect(kinds().slice(0, 2)).toEqual(['audit_key', 'event 1']);
  });

  it('gets everything again once entries were taken from it', async () => {
    const { audit, sink, checkpointer, kinds } = await setUp();
    await audit.record(EVENT);
    await checkpointer.tick();
    const first = kinds();
    sink.change = { kind: 'lost', why: 'deleted', reach: { sequence: 0, checkpointNumber: 0 } };
    await checkpointer.tick();
    expect(kinds()).toEqual([...first, ...first]);
    await checkpointer.tick();
    expect(kinds()).toEqual([...first, ...first]);
  });

  it('gets the rest again once the last entries were taken from it', async () => {
    const { audit, sink, checkpointer, kinds } = await setUp();
    for (let count = 0; count < 3; count += 1) await audit.record(EVENT);
    await checkpointer.tick();
    const first = kinds();
    sink.change = { kind: 'lost', why: 'cut short', reach: { sequence: 2, checkpointNumber: 0 } };
    await checkpointer.tick();
    expect(kinds()).toEqual([...first, 'audit_key', 'event 3', 'checkpoint 1']);
  });

  it('gets key and last checkpoint in the file that follows a rotated one', async () => {
    const { audit, sink, checkpointer, kinds } = await setUp();
    await audit.record(EVENT);
    await checkpointer.tick();
    const first = kinds();
    sink.change = { kind: 'rotated', why: 'rotated', reach: { sequence: 1, checkpointNumber: 1 } };
    await checkpointer.tick();
    expect(kinds()).toEqual([...first, 'audit_key', 'checkpoint 1']);
  });

  it('gets nothing again where somebody else wrote to it', async () => {
    const { audit, sink, checkpointer, kinds } = await setUp();
    await audit.record(EVENT);
    await checkpointer.tick();
    sink.change = { kind: 'foreign', why: 'written', reach: { sequence: 1, checkpointNumber: 1 } };
    await audit.record(EVENT);
    await checkpointer.tick();
    expect(kinds()).toEqual(['audit_key', 'event 1', 'checkpoint 1', 'event 2']);
  });
});

describe('of several processes', () => {
  async function setUpTwo() {
    const { store } = await openTestStore();
    const [one, two] = [switchedLeadership(true), switchedLeadership()];
    const led = openFront(store, one.leadership);
    const other = openFront(store, two.leadership);
    const takeOver = () => {
      one.state.isLeading = false;
      two.state.isLeading = true;
    };
    const pass = (seconds: number) => {
      led.now.seconds += seconds;
      other.now.seconds += seconds;
    };
    return { store, led, other, pass, takeOver, leading: two.state };
  }
  const numbers = async ({ audit }: TestStores) =>
    (await audit.checkpointsAfter(0, 100)).map(({ number }) => number);

  it('one that does not lead takes none, and answers the newest that another took', async () => {
    const { store, led, other, pass } = await setUpTwo();
    await other.checkpointer.tick();
    await other.checkpointer.take();
    expect([await numbers(store), other.checkpointer.latest()]).toEqual([[], undefined]);
    await led.checkpointer.tick();
    pass(3_600);
    await other.checkpointer.tick();
    expect(await numbers(store)).toEqual([1]);
    expect(other.checkpointer.latest()).toEqual(led.checkpointer.latest());
    expect(other.stored).toEqual([]);
  });

  it('each delivers all to its own sinks', async () => {
    const { store, led, other, pass } = await setUpTwo();
    await store.audit.record(EVENT);
    await led.checkpointer.tick();
    await other.checkpointer.tick();
    await store.audit.record(EVENT);
    pass(60);
    await led.checkpointer.tick();
    await other.checkpointer.tick();
    const all = ['audit_key', 'event 1', 'checkpoint 1', 'event 2', 'checkpoint 2'];
    expect([led.kinds(), other.kinds()]).toEqual([all, all]);
  });

  it('each remembers how far its sinks got', async () => {
    const { store, led, other, pass } = await setUpTwo();
    await store.audit.record(EVENT);
    await led.checkpointer.tick();
    await other.checkpointer.tick();
    const kept = vi.spyOn(store.audit, 'keepPositions');
    await other.checkpointer.tick();
    expect(kept).not.toHaveBeenCalled();
    pass(60);
    await led.checkpointer.tick();
    await other.checkpointer.tick();
    expect(kept.mock.calls).toEqual([[new Map([['memory', { sequence: 1, checkpointNumber: 1 }]])]]);
  });

  it('the one that takes over goes on behind the last checkpoint, when the next is due', async () => {
    const { store, led, other, pass, takeOver } = await setUpTwo();
    for (const _ of [1, 2]) {
      pass(60);
      await led.checkpointer.tick();
    }
    await other.checkpointer.tick();
    takeOver();
    pass(59);
    await led.checkpointer.tick();
    await other.checkpointer.tick();
    expect(await numbers(store)).toEqual([1, 2]);
    pass(1);
    await led.checkpointer.tick();
    await other.checkpointer.tick();
    expect(await numbers(store)).toEqual([1, 2, 3]);
    const third = await readCheckpoint(other.checkpointer.latest()?.jws ?? '', KEY);
    const [, second] = await store.audit.checkpointsAfter(0, 2);
    expect(third?.previous).toEqual(checkpointDigest(second?.jws ?? ''));
  });

  it('the one that takes over goes on behind one that it had not heard of', async () => {
    const { store, led, other, takeOver } = await setUpTwo();
    await led.checkpointer.tick();
    takeOver();
    await other.checkpointer.take();
    expect(await numbers(store)).toEqual([1, 2]);
  });

  it('one that stops leading while it asks the signer seals no more', async () => {
    const { store, other, takeOver, leading } = await setUpTwo();
    takeOver();
    other.now.onSealed = () => {
      leading.isLeading = false;
    };
    await other.checkpointer.take();
    expect(await numbers(store)).toEqual([]);
  });

  it.each([
    ['revocation.added', {}, [1, 2]],
    ['client.created', { registry: { version: 2 } }, [1, 2]],
    ['client.revoked', { unsigned: [] }, [1, 2]],
    ['login.refused', {}, [1]],
  ])('what another changed is covered at once where it should be: %s %j', async (type, details, taken) => {
    const { store, led } = await setUpTwo();
    await led.checkpointer.tick();
    await store.audit.record({ ...EVENT, type, details });
    await led.checkpointer.tick();
    await led.checkpointer.tick();
    expect(await numbers(store)).toEqual(taken);
  });

  it('what was changed here is wanted of whoever leads alone', async () => {
    const { store, led, other, takeOver } = await setUpTwo();
    await led.checkpointer.tick();
    other.checkpointer.soon();
    await other.checkpointer.tick();
    takeOver();
    await other.checkpointer.tick();
    expect(await numbers(store)).toEqual([1]);
  });

  it('none goes on behind a checkpoint that the audit key has not signed', async () => {
    const { store, led, other, pass } = await setUpTwo();
    await led.checkpointer.tick();
    await other.checkpointer.tick();
    const forged = { number: 2, auditSequence: 0, time: 1, jws: `${led.checkpointer.latest()?.jws}x` };
    await store.audit.addCheckpoint(forged, new Map());
    pass(60);
    for (const { checkpointer } of [led, other]) {
      await expect(checkpointer.tick()).rejects.toMatchObject({ code: 'audit_trail_refused' });
      expect(checkpointer.latest()?.number).toBe(1);
    }
  });
});

describe.skipIf(NO_POSTGRES)(`of several fronts on ${POSTGRES}`, () => {
  it('tell their own sinks all that any of them appended, and cover what the others changed', async () => {
    const fronts = await joinedFronts();
    const [first, second] = fronts.map(({ store, owner }) => openFront(store, owner));
    if (!first || !second) throw new Error('there are two');
    const types = ({ sink }: typeof first) =>
      sink.entries.flatMap((entry) => (entry.kind === 'event' ? [entry.event.type] : []));
    await first.checkpointer.tick();
    await second.audit.record({ ...EVENT, type: 'of the second' });
    await second.audit.record({ ...EVENT, type: 'revocation.added' });
    await first.audit.record({ ...EVENT, type: 'of the first' });
    const all = ['of the second', 'revocation.added', 'of the first'];
    for (const front of [first, second]) {
      await front.checkpointer.tick();
      expect(types(front)).toEqual(expect.arrayContaining(all));
    }
    expect(first.checkpointer.latest()?.number).toBe(2);
    await second.checkpointer.tick();
    expect(second.checkpointer.latest()).toEqual(first.checkpointer.latest());
  });
});
