import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { inSequence, rotatedFiles } from '../../../src/audit/sink-files.ts';
import { type SinkEntry, type TrailCheck, writeSinkLine } from '../../../src/audit/sink-line.ts';
import { createFileSink } from '../../../src/audit/sinks/file-sink.ts';
import { checkBy } from '../../../src/audit/trail-check.ts';
import type { DeliveryPosition } from '../../../src/kernel/audit.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const event = (sequence: number): SinkEntry => ({
  kind: 'event',
  event: {
    sequence,
    time: 1_800_000_000,
    type: 'client.created',
    actor: 'alice',
    subject: 'client:web',
    requestId: null,
    traceId: null,
    detailsJson: '{"description":"é"}',
    hash: Buffer.alloc(32, sequence),
  },
});
const checkpoint = (number: number): SinkEntry => ({ kind: 'checkpoint', number, jws: `jws-${number}` });

const UP_TO_1 = { sequence: 1, checkpointNumber: 0 };
const NOTHING = { sequence: 0, checkpointNumber: 0 };

/** Of every event and checkpoint that `event` and `checkpoint` make, up to 99. */
const TRAIL: TrailCheck = {
  hasEvent: async ({ sequence, hash }) => sequence < 100 && Buffer.alloc(32, sequence).equals(hash),
  hasCheckpoint: async ({ number, jws }) => number < 100 && jws === `jws-${number}`,
};

function open(file: string) {
  const opened = createFileSink(file);
  onTestFinished(() => opened.reset());
  const examine = (confirmed: DeliveryPosition, trail = TRAIL) => opened.examine(confirmed, trail);
  return { ...opened, examine };
}

function sink() {
  const file = join(folderOfTest(), 'audit.jsonl');
  return { file, lines: () => readFileSync(file, 'utf8').split('\n').slice(0, -1) };
}

it('appends one line an entry, for its owner alone, and finds its end again', async () => {
  const { file, lines } = sink();
  expect(await open(file).tail()).toEqual({ event: undefined, checkpoint: undefined });
  const first = open(file);
  await first.write([event(1), checkpoint(1)]);
  await first.write([event(2)]);
  expect(lines().map((line) => Object.keys(JSON.parse(line))[0])).toEqual(['event', 'checkpoint', 'event']);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  expect(await open(file).tail()).toEqual({
    event: { sequence: 2, hash: Buffer.alloc(32, 2) },
    checkpoint: { number: 1, jws: 'jws-1' },
  });
});

it('ends half a line that a crash left, and takes it for no entry', async () => {
  const { file, lines } = sink();
  await open(file).write([event(1)]);
  appendFileSync(file, '{"event":{"seq');
  expect((await open(file).tail())?.event?.sequence).toBe(1);
  await open(file).write([event(2)]);
  expect(lines()).toHaveLength(3);
  expect((await open(file).tail())?.event?.sequence).toBe(2);
});

it('finds a checkpoint that lies far before the end', async () => {
  const { file } = sink();
  const to = open(file);
  await to.write([checkpoint(7)]);
  await to.write(Array.from({ length: 4_000 }, (_, index) => event((index % 200) + 1)));
  expect((await to.tail())?.checkpoint).toEqual({ number: 7, jws: 'jws-7' });
});

describe('what somebody else does to the file', () => {
  const copyOver = (file: string) => {
    copyFileSync(file, `${file}.other`);
    renameSync(`${file}.other`, file);
  };
  it.each([
    ['deletes it', (file: string) => rmSync(file), 'lost', 'was deleted or moved away', 0],
    [
      'moves it elsewhere',
      (file: string) => renameSync(file, `${file}-x`),
      'lost',
      'was deleted or moved away',
      0,
    ],
    ['replaces it by a copy', copyOver, 'lost', 'was replaced', 1],
    ['cuts it off', (file: string) => truncateSync(file, 10), 'lost', 'was cut short', 0],
    ['empties it', (file: string) => truncateSync(file), 'lost', 'was cut short', 0],
    ['appends', (file: string) => appendFileSync(file, '{}\n'), 'foreign', 'was written by somebody else', 1],
    [
      'overwrites a byte',
      (file: string) => writeFileSync(file, 'x', { flag: 'r+' }),
      'lost',
      'was written by somebody else',
      0,
    ],
  ] as const)('%s: it is told once, and the next write is in the file of that name', async (...each) => {
    const [, act, kind, why, sequence] = each;
    const { file, lines } = sink();
    const to = open(file);
    await to.write([event(1)]);
    expect(await to.examine(UP_TO_1)).toBeUndefined();
    act(file);
    const reach = { sequence, checkpointNumber: 0 };
    expect(await to.examine(UP_TO_1)).toEqual({ kind, why: `${file} ${why}`, reach });
    expect(await to.examine(reach)).toBeUndefined();
    await to.write([event(2)]);
    expect(lines().at(-1)).toContain('"sequence":2');
    expect(await to.examine(UP_TO_1)).toBeUndefined();
  });

  it('reads it, or changes its mode: nothing is told', async () => {
    const { file, lines } = sink();
    const to = open(file);
    await to.write([event(1)]);
    chmodSync(file, 0o640);
    expect(lines()).toHaveLength(1);
    expect(await to.examine(UP_TO_1)).toBeUndefined();
  });

  it('between the first look at its end and the first write: it is told', async () => {
    const { file } = sink();
    await open(file).write([event(1)]);
    const to = open(file);
    await to.tail();
    truncateSync(file);
    expect(await to.examine(UP_TO_1)).toMatchObject({ kind: 'lost', why: `${file} was cut short` });
  });

  it('while it is written: nothing is confirmed, and the next look tells', async () => {
    const { file } = sink();
    const to = open(file);
    await to.write([event(1)]);
    const handles = Object.getPrototypeOf(
      await openFile(file, 'r').then((each) => each.close().then(() => each)),
    );
    const { datasync } = handles;
    vi.spyOn(handles, 'datasync').mockImplementationOnce(async function (this: FileHandle) {
      truncateSync(file);
      await datasync.call(this);
    });
    await expect(to.write([event(2)])).rejects.toThrow('was cut short while it was written');
    expect(await to.examine(UP_TO_1)).toMatchObject({ kind: 'lost', why: `${file} was cut short` });
  });

  it('between the look and the opening: nothing is confirmed, and the next look tells', async () => {
    const { file } = sink();
    await open(file).write([event(1)]);
    const to = open(file);
    await to.tail();
    expect(await to.examine(UP_TO_1)).toBeUndefined();
    renameSync(file, `${file}-x`);
    await expect(to.write([event(2)])).rejects.toThrow('was changed');
    to.reset();
    expect(await to.examine(UP_TO_1)).toMatchObject({ kind: 'lost', why: `${file} was replaced` });
    await to.write([event(2)]);
  });

  it('before the service knew it: it tells where the file lacks what it had confirmed', async () => {
    const { file } = sink();
    await open(file).write([event(1)]);
    expect(await open(file).examine(UP_TO_1)).toBeUndefined();
    truncateSync(file);
    expect(await open(file).examine(UP_TO_1)).toEqual({
      kind: 'lost',
      why: `${file} lacks what it had confirmed`,
      reach: NOTHING,
    });
    expect(await open(file).examine(NOTHING)).toBeUndefined();
  });
});

describe('a last line that the trail does not have', () => {
  const forgedEvent = (sequence: number, fill: number): SinkEntry => {
    const entry = event(sequence);
    if (entry.kind !== 'event') throw new Error('no event');
    return { ...entry, event: { ...entry.event, hash: Buffer.alloc(32, fill) } };
  };
  const UP_TO_2 = { sequence: 2, checkpointNumber: 2 };
  const forgeries = [
    ['an event beyond all', forgedEvent(Number.MAX_SAFE_INTEGER, 0), { sequence: 0, checkpointNumber: 2 }],
    ['an event of another hash', forgedEvent(2, 9), { sequence: 0, checkpointNumber: 2 }],
    ['a checkpoint beyond all', checkpoint(Number.MAX_SAFE_INTEGER), { sequence: 2, checkpointNumber: 0 }],
    [
      'a checkpoint that is another',
      { kind: 'checkpoint', number: 2, jws: 'other' },
      { sequence: 2, checkpointNumber: 0 },
    ],
  ] as const satisfies [string, SinkEntry, DeliveryPosition][];
  const served = async () => {
    const { file } = sink();
    const to = open(file);
    await to.write([event(1), checkpoint(1), event(2), checkpoint(2)]);
    return { file, to };
  };
  /** What the forged line is not. */
  const restOf = (forged: SinkEntry) => (forged.kind === 'event' ? checkpoint(2) : event(2));
  const linesWith = (forged: SinkEntry) => `${writeSinkLine(restOf(forged))}\n${writeSinkLine(forged)}\n`;

  it.each(forgeries)(
    '%s, in place of the file: it is lost, with nothing taken for there',
    async (...each) => {
      const [, forged, reach] = each;
      const { file, to } = await served();
      writeFileSync(`${file}.other`, linesWith(forged));
      renameSync(`${file}.other`, file);
      expect(await to.examine(UP_TO_2)).toEqual({ kind: 'lost', why: `${file} was replaced`, reach });
      expect(await open(file).examine(UP_TO_2)).toMatchObject({ kind: 'lost', reach });
    },
  );

  it.each(forgeries)('%s, written over the file: it is lost as well', async (...each) => {
    const [, forged, reach] = each;
    const { file, to } = await served();
    writeFileSync(file, `${'x'.repeat(4_096)}\n${linesWith(forged)}`);
    expect(await to.examine(UP_TO_2)).toMatchObject({ kind: 'lost', reach });
  });

  it.each(forgeries)(
    '%s, behind the whole file: somebody wrote to it, and nothing is lost',
    async (...each) => {
      const [, forged] = each;
      const { file, to } = await served();
      appendFileSync(file, `${writeSinkLine(forged)}\n`);
      const why = `${file} was written by somebody else`;
      expect(await to.examine(UP_TO_2)).toEqual({ kind: 'foreign', why, reach: UP_TO_2 });
      expect(await open(file).examine(UP_TO_2)).toBeUndefined();
    },
  );

  it.each(forgeries)('%s, in a rotated file of the right length: it is lost', async (...each) => {
    const [, forged, reach] = each;
    const { file, to } = await served();
    const whole = readFileSync(file);
    rmSync(file);
    writeFileSync(`${file}.1`, `${'x'.repeat(whole.length)}\n${linesWith(forged)}`);
    expect(await to.examine(UP_TO_2)).toMatchObject({ kind: 'lost', reach });
  });

  it('many times over: what stands before is looked for among the last hundred', async () => {
    const forge = (count: number) =>
      Array.from({ length: count }, (_, at) => `${writeSinkLine(forgedEvent(1_000 + at, 0))}\n`).join('');
    const log = {
      hashAt: async (_: string, sequence: number) =>
        sequence < 100 ? Buffer.alloc(32, sequence) : undefined,
      checkpointsAfter: async (after: number) => [
        { number: after + 1, jws: `jws-${after + 1}`, time: 0, auditSequence: 0 },
      ],
    };
    const { file, to } = await served();
    appendFileSync(file, forge(99));
    expect(await to.examine(UP_TO_2, checkBy(log))).toMatchObject({ kind: 'foreign', reach: UP_TO_2 });
    appendFileSync(file, forge(100));
    expect(await to.examine(UP_TO_2, checkBy(log))).toMatchObject({ kind: 'lost', reach: { sequence: 0 } });
  });
});

describe('a rotated file', () => {
  const rotations = {
    'is renamed': (file: string) => renameSync(file, `${file}.1`),
    'is renamed, and another is made': (file: string) => {
      renameSync(file, `${file}-20300101`);
      writeFileSync(file, '');
    },
    'is copied and emptied': (file: string) => {
      copyFileSync(file, `${file}.1`);
      truncateSync(file);
    },
    'is packed at once': (file: string) => {
      pack(file, `${file}.1.gz`);
      rmSync(file);
    },
  };
  it.each(Object.entries(rotations))(
    '%s: nothing is missing, and both are read as one',
    async (_, rotate) => {
      const { file, lines } = sink();
      const to = open(file);
      await to.write([event(1), checkpoint(1), event(2), event(3)]);
      rotate(file);
      const confirmed = { sequence: 3, checkpointNumber: 1 };
      const change = await to.examine(confirmed);
      expect(change).toMatchObject({ kind: 'rotated', reach: confirmed });
      expect(change?.why).toContain(`${file} was rotated to audit.jsonl`);
      await to.write([event(4)]);
      expect(lines()).toHaveLength(1);
      expect(await to.examine(confirmed)).toBeUndefined();
      expect(await open(file).tail()).toMatchObject({ event: { sequence: 4 }, checkpoint: { number: 1 } });
      const numbers = [...(open(file).history() ?? [])].map((entry) =>
        entry.kind === 'event' ? entry.event.sequence : entry.kind,
      );
      expect(numbers).toEqual([1, 2, 3, 4, 'checkpoint']);
    },
  );

  it('lacks what was written while it was copied: that is lost, and told', async () => {
    const { file } = sink();
    const to = open(file);
    await to.write([event(1)]);
    copyFileSync(file, `${file}.1`);
    await to.write([event(2)]);
    truncateSync(file);
    expect(await to.examine({ sequence: 2, checkpointNumber: 0 })).toEqual({
      kind: 'lost',
      why: `${file} was cut short`,
      reach: UP_TO_1,
    });
  });

  it('explains no later loss: not even of a file that was shorter', async () => {
    const { file } = sink();
    const to = open(file);
    await to.write([event(1), event(2)]);
    renameSync(file, `${file}.1`);
    expect(await to.examine({ sequence: 2, checkpointNumber: 0 })).toMatchObject({ kind: 'rotated' });
    await to.write([event(3)]);
    truncateSync(file);
    expect(await to.examine({ sequence: 3, checkpointNumber: 0 })).toMatchObject({
      kind: 'lost',
      reach: { sequence: 2 },
    });
  });

  it('may take another number and be packed, but not go before the next is rotated', async () => {
    const { file } = sink();
    const to = open(file);
    await to.write([event(1)]);
    renameSync(file, `${file}.2`);
    await to.examine(UP_TO_1);
    await to.write([event(2)]);
    renameSync(file, `${file}.1`);
    const confirmed = { sequence: 2, checkpointNumber: 0 };
    expect(await to.examine(confirmed)).toMatchObject({ kind: 'rotated' });
    await to.write([event(3)]);
    rmSync(`${file}.2`);
    renameSync(`${file}.1`, `${file}.2`);
    expect(await to.examine(confirmed)).toBeUndefined();
    pack(`${file}.2`, `${file}.2.gz`);
    rmSync(`${file}.2`);
    expect(await to.examine(confirmed)).toBeUndefined();
    rmSync(`${file}.2.gz`);
    expect(await to.examine(confirmed)).toEqual({
      kind: 'lost',
      why: `${file}.2.gz was deleted after it was rotated`,
      reach: NOTHING,
    });
    expect(await to.examine(confirmed)).toBeUndefined();
  });

  it('is told apart from what has another name', () => {
    const { file } = sink();
    const names = ['', '.1', '.2.gz', '-20300101', '-20300101.gz', '.bak', '-old', '.1.tmp', 'x'];
    for (const name of names) writeFileSync(`${file}${name}`, '');
    expect(
      rotatedFiles(file)
        .map((path) => path.slice(file.length))
        .sort(),
    ).toEqual(['-20300101', '-20300101.gz', '.1', '.2.gz']);
  });
});

describe('numbers that were given again behind later ones', () => {
  const inOrder = (...numbers: number[]) => [
    ...inSequence(
      () => numbers,
      (number) => number,
    ),
  ];
  it.each([
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    [
      [2, 3, 5, 6],
      [2, 3, 5, 6],
    ],
    [
      [4, 5, 1, 2, 3],
      [1, 2, 3, 4, 5],
    ],
    [
      [1, 4, 5, 2, 3, 7, 6],
      [1, 2, 3, 4, 5, 6, 7],
    ],
    [
      [1, 2, 1, 3],
      [1, 2, 1, 3],
    ],
    [
      [5, 1, 2],
      [1, 2, 5],
    ],
  ])('%j are read as %j', (given, read) => {
    expect(inOrder(...given)).toEqual(read);
  });
});

/** With the time of the file, as gzip and logrotate do. */
function pack(file: string, to: string): void {
  writeFileSync(to, gzipSync(readFileSync(file)));
  const { atime, mtime } = statSync(file);
  utimesSync(to, atime, mtime);
}
