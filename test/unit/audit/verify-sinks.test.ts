import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type SinkEntry, writeSinkLine } from '../../../src/audit/sink-line.ts';
import { readSinks } from '../../../src/audit-verify/verify-checkpoints.ts';
import { Findings } from '../../../src/kernel/audit.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';

const OF_EVENT = { time: 1_800_000_000, type: 'client.created', actor: 'alice', subject: 'client:web' };

function event(sequence: number): string {
  const hash = Buffer.alloc(32, sequence);
  return line({
    kind: 'event',
    event: { sequence, ...OF_EVENT, requestId: null, traceId: null, detailsJson: '{}', hash },
  });
}

const line = (entry: SinkEntry) => `${writeSinkLine(entry)}\n`;
const checkpoint = (number: number) => line({ kind: 'checkpoint', number, jws: `jws-${number}` });
const intent = line({
  kind: 'intent',
  time: 1_800_000_000,
  event: { type: 'grant.added', actor: 'alice', subject: 'client:web', requestId: null, details: {} },
});
const events = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => event(from + at)).join('');

/** What is found in a sink of these files, by what follows its name; the rotated ones in order of their time. */
function foundIn(files: Readonly<Record<string, string | Buffer>>) {
  const file = join(folderOfTest(), 'audit.jsonl');
  for (const [name, content] of Object.entries(files)) writeFileSync(`${file}${name}`, content);
  const findings = new Findings();
  const [sink] = readSinks([file], findings);
  const found = findings
    .all()
    .map(({ part, fault, place }) => `${part} ${fault}: ${place.replace(file, '')}`);
  return { found, events: sink?.events.size };
}

const WHOLE = `${events(1, 3)}${checkpoint(1)}${intent}${event(4)}${checkpoint(2)}`;

describe('a sink that is as it was written', () => {
  const cut = event(5).slice(0, 40);
  it.each<[string, Record<string, string | Buffer>, number]>([
    ['in one file', { '': WHOLE }, 4],
    ['an empty file', { '': '' }, 0],
    ['whose older files have gone', { '': events(41, 43) }, 3],
    ['that was given lines again, in another order', { '': `${event(4)}${event(5)}${events(1, 5)}` }, 5],
    ['whose last line a crash cut short', { '': `${WHOLE}${cut}` }, 4],
    ['that got whole what a crash cut short', { '': `${WHOLE}${cut}\n${intent}${event(5)}` }, 5],
    ['that was rotated behind half a line', { '.1': `${WHOLE}${cut}`, '': `${checkpoint(2)}${event(5)}` }, 5],
    [
      'with half an intent',
      { '': `${event(1)}${intent.slice(0, 30)}\n${event(2)}${intent.slice(0, 5)}\n` },
      2,
    ],
    ['that was rotated and packed', { '.2.gz': gzipSync(WHOLE), '.1': events(5, 6), '': event(7) }, 7],
    ['that was rotated, and whose new file is empty', { '.1': WHOLE, '': '' }, 4],
  ])('%s', (_, files, count) => {
    expect(foundIn(files)).toEqual({ found: [], events: count });
  });
});

describe('a sink that was changed', () => {
  const rubbish = 'x'.repeat(400);
  it.each<[string, Record<string, string | Buffer>, string[]]>([
    [
      'a rotated file with just its end',
      { '.2': events(1, 3), '.1': `${rubbish}\n${event(9)}`, '': event(10) },
      ['file unreadable: .1 line 1', 'file gap: event 4'],
    ],
    [
      'the same, packed',
      { '.1.gz': gzipSync(`${rubbish}\n${event(9)}`), '': event(10) },
      ['file unreadable: .1.gz line 1'],
    ],
    ['an event taken out', { '': `${events(1, 2)}${event(4)}` }, ['file gap: event 3']],
    ['an event beyond all', { '': `${events(1, 2)}${hugeEvent()}` }, ['file gap: event 3']],
    ['a line of somebody else', { '': `${event(1)}hello\n${event(2)}` }, ['file unreadable:  line 2']],
    ['one at the end', { '': `${event(1)}hello\n` }, ['file unreadable:  line 2']],
    ['an empty line', { '': `${event(1)}\n${event(2)}` }, ['file unreadable:  line 2']],
    ['JSON of something else', { '': `${event(1)}{"a":1}\n${event(2)}` }, ['file unreadable:  line 2']],
    [
      'half a line that follows nowhere whole',
      { '': `${event(1)}${event(9).slice(0, 40)}\n${event(2)}` },
      ['file unreadable:  line 2'],
    ],
    [
      'beginnings of lines, too many for crashes',
      { '': `${'{"ev\n'.repeat(101)}${event(1)}` },
      ['file unreadable:  line 1'],
    ],
  ])('%s', (_, files, found) => {
    expect(foundIn(files).found).toEqual(found);
  });

  it('twenty thousand lines of somebody else, read in one go', () => {
    const { found } = foundIn({ '': `${'rubbish\n'.repeat(20_000)}${events(1, 2)}` });
    expect(found).toEqual(['file unreadable:  line 1']);
  });
});

function hugeEvent(): string {
  return event(3).replace('"sequence":3', `"sequence":${Number.MAX_SAFE_INTEGER}`);
}
