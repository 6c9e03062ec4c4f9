import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Delivery } from '../../../src/audit/delivery.ts';
import {
  type AuditSink,
  readSinkLine,
  type SinkChange,
  type SinkEntry,
} from '../../../src/audit/sink-line.ts';
import { createFileSink } from '../../../src/audit/sinks/file-sink.ts';
import { GuardedSink } from '../../../src/audit/sinks.ts';
import { composeCheckpoint } from '../../../src/token/checkpoint.ts';
import { CHECKPOINT } from '../../support/checkpoint-samples.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { MemorySink } from '../../support/memory-sink.ts';
import { openTestStore } from '../../support/open-test-store.ts';
import { softwareKey } from '../../support/software-keys.ts';

const KEY = softwareKey('ES256');
const EVENT = { type: 'test', actor: 'alice', subject: 'x', requestId: null, details: {} };
const DEADLINE_MS = 60_000;
const BEYOND = Number.MAX_SAFE_INTEGER;

/** A sink that got three events and two checkpoints of a database. */
async function served(sink: AuditSink) {
  const { store } = await openTestStore();
  const { audit } = store;
  const told: { readonly kind: SinkChange['kind']; readonly lost: number }[] = [];
  const watch = {
    failed() {},
    recovered() {},
    changed: (_: string, { kind }: SinkChange, lost: number) => void told.push({ kind, lost }),
  };
  const guarded = new GuardedSink(sink, DEADLINE_MS, watch);
  onTestFinished(() => guarded.close());
  const begin = { sequence: 0, checkpointNumber: 0 };
  const delivery = new Delivery(guarded, audit, begin, KEY.publicJwk);
  const checkpoint = async (number: number) => {
    const input = composeCheckpoint({ ...CHECKPOINT, number }, KEY.kid);
    const jws = `${input}.${KEY.sign(input).toString('base64url')}`;
    const { sequence: auditSequence } = await audit.auditHead();
    await audit.addCheckpoint({ number, time: 1, auditSequence, jws }, new Map());
  };
  for (let count = 0; count < 3; count += 1) await audit.record(EVENT);
  for (const number of [1, 2]) await checkpoint(number);
  await delivery.pump();
  expect(guarded.position).toEqual({ sequence: 3, checkpointNumber: 2 });
  return { audit, delivery, told, checkpoint };
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.other`, text);
  renameSync(`${file}.other`, file);
}

const numbersOf = (entries: readonly (SinkEntry | undefined)[]) => ({
  events: entries.flatMap((entry) => (entry?.kind === 'event' ? [entry.event.sequence] : [])),
  checkpoints: entries.flatMap((entry) => (entry?.kind === 'checkpoint' ? [entry.number] : [])),
});

const FORGED_EVENT = {
  event: {
    sequence: BEYOND,
    time: 1,
    type: 'x',
    actor: '',
    subject: '',
    request_id: null,
    details: {},
    hash: '',
  },
};
const FORGED_CHECKPOINT = { checkpoint: { number: BEYOND, jws: 'x' } };

it.each([
  ['event', [FORGED_EVENT]],
  ['checkpoint', [FORGED_CHECKPOINT]],
  ['event and checkpoint', [FORGED_CHECKPOINT, FORGED_EVENT]],
])(
  'a forged %s at the end of another file ends nothing: all is lost, told and given again',
  async (...each) => {
    const [, forged] = each;
    const file = join(folderOfTest(), 'audit.jsonl');
    const { audit, delivery, told, checkpoint } = await served(createFileSink(file));
    replace(file, forged.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await audit.record(EVENT);
    await checkpoint(3);
    await delivery.pump();
    expect(told).toEqual([{ kind: 'lost', lost: 3 }]);
    expect(delivery.position).toEqual({ sequence: 4, checkpointNumber: 3 });
    const written = readFileSync(file, 'utf8').split('\n').slice(forged.length);
    expect(numbersOf(written.map(readSinkLine))).toEqual({ events: [1, 2, 3, 4], checkpoints: [1, 2, 3] });
  },
);

it('a copy of the first lines in place of the file has just the rest given again', async () => {
  const file = join(folderOfTest(), 'audit.jsonl');
  const { delivery, told } = await served(createFileSink(file));
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes('"sequence":2'));
  replace(file, `${lines.slice(0, at + 1).join('\n')}\n`);
  await delivery.pump();
  expect(told).toEqual([{ kind: 'lost', lost: 1 }]);
  const written = readFileSync(file, 'utf8').split('\n').map(readSinkLine);
  expect(numbersOf(written)).toEqual({ events: [1, 2, 3], checkpoints: [1, 2] });
});

it.each(['lost', 'rotated'] as const)(
  'no sink that was %s gets further than it was by that',
  async (kind) => {
    const sink = new MemorySink();
    const { audit, delivery, told } = await served(sink);
    sink.change = { kind, why: 'other', reach: { sequence: BEYOND, checkpointNumber: BEYOND } };
    await audit.record(EVENT);
    await delivery.pump();
    expect(told).toEqual([{ kind, lost: 0 }]);
    expect(numbersOf(sink.entries).events).toEqual([1, 2, 3, 4]);
  },
);
