import { expect, it } from 'vitest';
import { openDeliveries } from '../../../src/audit/open-deliveries.ts';
import { Sinks } from '../../../src/audit/sinks.ts';
import { createAuditLog } from '../../../src/audit/store/audit-log.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { NOON, openTestStore } from '../../support/open-test-store.ts';
import { raiserInto } from '../../support/raised-events.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { softwareKey } from '../../support/software-keys.ts';

const EVENT = { type: 'test', actor: 'alice', subject: 'x', requestId: null, details: {} };
const KEY = softwareKey('ES256').publicJwk;
const BEGINNING = { sequence: 0, checkpointNumber: 0 };

/** A trail of five events, and two checkpoints, which the logs of these hosts share. */
async function open() {
  const { store } = await openTestStore();
  const on = (host: string) => createAuditLog({ ...store, clock: NOON, host });
  for (let count = 0; count < 5; count += 1) await store.audit.record(EVENT);
  const checkpoint = (number: number) => ({ number, auditSequence: 4, time: NOON.nowSeconds(), jws: 'j' });
  for (const number of [1, 2]) await store.audit.addCheckpoint(checkpoint(number), new Map());
  return { audit: store.audit, on };
}

const at = (sequence: number, checkpointNumber: number) => ({ sequence, checkpointNumber });

it('are those of a host each, and the furthest of all is known', async () => {
  const { on } = await open();
  await on('a').keepPositions(new Map([['file:x', at(5, 2)]]));
  await on('b').keepPositions(new Map([['file:x', at(3, 1)]]));
  await on('b').keepPositions(new Map([['file:x', at(4, 1)]]));
  expect((await on('a').positions()).get('file:x')).toEqual({ own: at(5, 2), furthest: at(5, 2) });
  expect((await on('b').positions()).get('file:x')).toEqual({ own: at(4, 1), furthest: at(5, 2) });
  expect((await on('c').positions()).get('file:x')).toEqual({ own: undefined, furthest: at(5, 2) });
  expect((await on('a').positions()).get('file:y')).toBeUndefined();
});

it('are kept of the 64 hosts that got furthest', async () => {
  const { on } = await open();
  await on('gone').keepPositions(new Map([['file:x', at(1, 1)]]));
  await on('gone').keepPositions(new Map([['file:y', at(1, 1)]]));
  for (let n = 0; n < 64; n += 1) await on(`host ${n}`).keepPositions(new Map([['file:x', at(5, 2)]]));
  const positions = await on('gone').positions();
  expect(positions.get('file:x')?.own).toBeUndefined();
  expect(positions.get('file:y')?.own).toEqual(at(1, 1));
  expect((await on('host 0').positions()).get('file:x')?.own).toEqual(at(5, 2));
});

class Unreadable extends MemorySink {
  override tail = async () => undefined as never;
  override history = () => undefined as never;
}

async function start(audit: ReturnType<typeof createAuditLog>, sink: MemorySink) {
  const raised: SecurityEventReport[] = [];
  const watch = { failed() {}, recovered() {}, changed() {} };
  const deps = {
    sinks: new Sinks({ sinks: [sink], deadlineMs: 1_000, clock: NOON, watch }),
    audit,
    raiser: raiserInto(raised),
    clock: NOON,
    log: recordedLog().log,
  };
  const [delivery] = await openDeliveries(deps, await audit.lastCheckpoint(), KEY);
  return { position: delivery?.position, raised: raised.map(({ evidence }) => evidence) };
}

it('are held against the files of their own host alone', async () => {
  const { on } = await open();
  await on('a').keepPositions(new Map([['memory', at(5, 2)]]));
  expect(await start(on('b'), new MemorySink())).toEqual({ position: BEGINNING, raised: [] });
  expect(await start(on('a'), new MemorySink())).toMatchObject({
    position: BEGINNING,
    raised: [{ sink: 'memory', change: 'lost', lost: 5 }],
  });
});

it('are what any host told a sink that cannot be read back, behind which all is told again', async () => {
  const { on } = await open();
  expect((await start(on('b'), new Unreadable())).position).toEqual(BEGINNING);
  await on('a').keepPositions(new Map([['memory', at(5, 2)]]));
  expect((await start(on('b'), new Unreadable())).position).toEqual(at(4, 1));
  await on('b').keepPositions(new Map([['memory', at(2, 1)]]));
  expect((await start(on('b'), new Unreadable())).position).toEqual(at(2, 1));
});
