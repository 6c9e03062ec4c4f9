import { describe, expect, it } from 'vitest';
import { Checkpointer } from '../../../src/audit/checkpointer.ts';
import { Delivery } from '../../../src/audit/delivery.ts';
import { GuardedSink } from '../../../src/audit/guarded-sink.ts';
import { KeywardError } from '../../../src/domain/errors.ts';
import { checkpointDigest, readCheckpoint } from '../../../src/token/checkpoint.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { softwareKey } from '../../support/software-keys.ts';

const KEY = softwareKey('ES256');
const EVENT = { type: 'test', actor: 'alice', subject: 'x', requestId: null, details: {} };

async function setUp() {
  const { store } = await openTestStore();
  const sink = new MemorySink();
  const watch = { failed() {}, recovered() {} };
  const begin = { sequence: 0, checkpointNumber: 0 };
  const delivery = new Delivery(new GuardedSink(sink, 1_000, watch), store.audit, begin, KEY.publicJwk);
  const now = { seconds: 1_800_000_000, steady: true, hsm: true };
  const checkpointer = new Checkpointer(
    {
      log: store.audit,
      auditKey: {
        kid: KEY.kid,
        sign: async (input) => {
          if (!now.hsm) throw new KeywardError('hsm_unavailable', 'away');
          return `${input}.${KEY.sign(input).toString('base64url')}`;
        },
      },
      clock: { nowSeconds: () => now.seconds },
      timeGuard: {
        requireSteadyTime() {
          if (!now.steady) throw new KeywardError('clock_jump', 'jumped');
        },
      },
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
  return { audit: store.audit, sink, checkpointer, now, kinds };
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
});
