import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Delivery } from '../../../src/audit/delivery.ts';
import type { SinkChange } from '../../../src/audit/sink-line.ts';
import { createFileSink } from '../../../src/audit/sinks/file-sink.ts';
import { GuardedSink } from '../../../src/audit/sinks.ts';
import type { StoredEvent } from '../../../src/kernel/audit.ts';
import type { StoredCheckpoint } from '../../../src/kernel/audit-chain.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { softwareKey } from '../../support/software-keys.ts';

const DAYS = 60;
const EVENTS_A_DAY = 20;
const DEADLINE_MS = 120_000;
const PATIENCE = { timeout: 240_000 };
const LOGROTATE = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } };
const hasLogrotate = spawnSync('logrotate', ['--version'], LOGROTATE).status === 0;
const run = promisify(execFile);

/** A trail that grows while the sink is served: each event is 300 bytes, and each tenth has a checkpoint. */
function growingTrail() {
  const events: StoredEvent[] = [];
  const checkpoints: StoredCheckpoint[] = [];
  const add = () => {
    const sequence = events.length + 1;
    const detailsJson = JSON.stringify({ description: 'x'.repeat(150) });
    const [of, hash] = [
      { actor: 'alice', subject: 'client:web', requestId: null, traceId: null },
      Buffer.alloc(32, sequence),
    ];
    events.push({
      sequence,
      time: 1_800_000_000 + sequence,
      type: 'client.created',
      ...of,
      detailsJson,
      hash,
    });
    if (sequence % 10 > 0) return;
    const number = checkpoints.length + 1;
    checkpoints.push({ number, time: sequence, auditSequence: sequence, jws: `jws-${number}` });
  };
  const log = {
    eventsAfter: async (after: number, limit: number) => events.slice(after, after + limit),
    checkpointsAfter: async (after: number, limit: number) => checkpoints.slice(after, after + limit),
    hashAt: async (_: string, sequence: number) => events[sequence - 1]?.hash,
  };
  return { add, log, ends: () => ({ event: events.length, checkpoint: checkpoints.length }) };
}

async function rotateUnderLoad(rotate: (file: string) => Promise<void>) {
  const file = join(folderOfTest(), 'audit.jsonl');
  const told: { readonly kind: SinkChange['kind']; readonly lost: number; readonly day: number }[] = [];
  let day = 0;
  const watch = {
    failed() {},
    recovered() {},
    changed: (_: string, { kind }: SinkChange, lost: number) => void told.push({ kind, lost, day }),
  };
  const sink = createFileSink(file);
  const guarded = new GuardedSink(sink, DEADLINE_MS, watch);
  const trail = growingTrail();
  const delivery = new Delivery(guarded, trail.log, guarded.position, softwareKey('ES256').publicJwk);
  const serve = async () => {
    trail.add();
    await delivery.pump();
  };
  for (day = 1; day <= DAYS; day += 1) {
    for (let count = 0; count < EVENTS_A_DAY; count += 1) await serve();
    let isOver = false;
    const rotation = rotate(file).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await serve();
      await turn();
    }
    await rotation;
    await serve();
  }
  const held = { event: 0, checkpoint: 0 };
  for (const entry of sink.history() ?? []) {
    if (entry.kind === 'event' && entry.event.sequence === held.event + 1) held.event += 1;
    if (entry.kind === 'checkpoint' && entry.number === held.checkpoint + 1) held.checkpoint += 1;
  }
  guarded.close();
  return { file, told, held, ends: trail.ends() };
}

const SHIPPED = readFileSync(new URL('../../../deploy/logrotate/keyward', import.meta.url), 'utf8');

/** The configuration as it is shipped, of this file and user; a second way for those who copy and empty it. */
function logrotate(way: 'create' | 'copytruncate') {
  return async (file: string) => {
    const config = `${file}.conf`;
    const own = SHIPPED.replace('/var/lib/keyward/audit.jsonl', `"${file}"`)
      .replace(/^ *su .*\n/m, '')
      .replace(/^ *create .*\n/m, `    ${way}\n`);
    if (!existsSync(config)) writeFileSync(config, own, { mode: 0o600 });
    await run('logrotate', ['--force', '--state', `${file}.state`, config], LOGROTATE);
  };
}

function makeRoom(file: string): void {
  for (let number = DAYS; number >= 1; number -= 1) {
    if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`);
  }
}

/** What logrotate does, where it is not installed. */
const SYSTEM_CALLS = {
  async create(file: string) {
    makeRoom(file);
    renameSync(file, `${file}.1`);
    await turn();
    writeFileSync(file, '', { mode: 0o600, flag: 'wx' });
  },
  async copytruncate(file: string) {
    makeRoom(file);
    copyFileSync(file, `${file}.1`);
    for (let count = 0; count < 20; count += 1) await turn();
    truncateSync(file);
  },
};

const drivers = [
  ['the system calls of logrotate', false, SYSTEM_CALLS.create, SYSTEM_CALLS.copytruncate],
  [
    'logrotate, with the shipped configuration',
    !hasLogrotate,
    logrotate('create'),
    logrotate('copytruncate'),
  ],
] as const;

describe.each(drivers)(`${DAYS} days of %s under load`, (_, isSkipped, create, copytruncate) => {
  it.skipIf(isSkipped)(
    'renamed: every line is kept, and each day is told as a rotation',
    PATIENCE,
    async () => {
      const { told, held, ends } = await rotateUnderLoad(create);
      expect(held).toEqual(ends);
      expect(told.map(({ kind, lost }) => [kind, lost])).toEqual(
        Array.from({ length: DAYS }, () => ['rotated', 0]),
      );
    },
  );

  it.skipIf(isSkipped)(
    'copied and emptied: what falls between is told, and given again',
    PATIENCE,
    async () => {
      const { told, held, ends } = await rotateUnderLoad(copytruncate);
      expect(held).toEqual(ends);
      expect(new Set(told.map(({ day }) => day)).size).toBe(DAYS);
      expect(told.filter(({ kind, lost }) => kind !== 'lost' && lost > 0)).toEqual([]);
    },
  );
});

it('a person who empties it between two rotations is told apart', PATIENCE, async () => {
  let isEmptied = false;
  const { told, held, ends } = await rotateUnderLoad(async (file) => {
    if (existsSync(`${file}.30`) && !isEmptied) {
      isEmptied = true;
      truncateSync(file);
    } else await SYSTEM_CALLS.create(file);
  });
  expect(held).toEqual(ends);
  const lost = told.filter(({ kind }) => kind === 'lost');
  expect(lost).toEqual([{ kind: 'lost', lost: expect.any(Number), day: 31 }]);
  expect(lost[0]?.lost).toBeGreaterThan(0);
  expect(told).toHaveLength(DAYS);
});
