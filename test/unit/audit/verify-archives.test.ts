import { expect, it } from 'vitest';
import { verifyArchives } from '../../../src/audit-verify/verify-archives.ts';
import { Findings } from '../../../src/kernel/audit.ts';
import {
  ARCHIVE_EVENTS,
  type ArchiveFacts,
  archiveSubject,
  fileDetails,
  removedDetails,
  sealedDetails,
} from '../../../src/kernel/ledger-search.ts';

const FACTS: ArchiveFacts = {
  number: 1,
  file: 'segment-000001.db',
  fileDigest: Buffer.alloc(32, 1),
  firstGroup: 1,
  lastGroup: 4,
  firstRecord: 1,
  lastRecord: 9,
  lastExp: 500,
  kidsJson: '["kid-1"]',
  sealedAt: 900,
  removedAt: null,
};
const event = (type: string, details: object, number = 1) => ({
  type,
  time: 950,
  subject: archiveSubject(number),
  detailsJson: JSON.stringify(details),
});
const sealed = event(ARCHIVE_EVENTS.sealed, sealedDetails(FACTS));
const other = { file: 'segment-000001.1.db', fileDigest: Buffer.alloc(32, 2) };
const replaced = event(ARCHIVE_EVENTS.replaced, { records: 1, ...fileDetails(other) });
const removed = event(ARCHIVE_EVENTS.removed, removedDetails(FACTS.file, 950));

const OUT_OF_USE = () => 949;

function flaws(
  listed: readonly ArchiveFacts[],
  told: Parameters<typeof verifyArchives>[1],
  endOfUse: Parameters<typeof verifyArchives>[2] = OUT_OF_USE,
): string[] {
  const findings = new Findings();
  verifyArchives(listed, told, endOfUse, findings);
  return findings.all().map(({ detail }) => detail);
}

it('finds nothing where list and trail agree, after an erasure and a removal too', () => {
  expect(flaws([FACTS], [sealed])).toEqual([]);
  expect(flaws([{ ...FACTS, ...other }], [sealed, replaced])).toEqual([]);
  expect(flaws([{ ...FACTS, removedAt: 950 }], [sealed, removed])).toEqual([]);
});

it.each<[string, Partial<ArchiveFacts>, string]>([
  ['file', { file: 'other.db' }, 'the audit trail names another file'],
  ['keys', { kidsJson: '[]' }, 'the audit trail tells otherwise what is in it'],
  ['keys that are no JSON', { kidsJson: '[]x' }, 'the audit trail tells otherwise what is in it'],
  ['last exp', { lastExp: 1 }, 'the audit trail tells otherwise what is in it'],
  ['removal', { removedAt: 1 }, 'the audit trail tells otherwise of its removal'],
  ['number', { number: 2 }, 'the audit trail does not tell of it'],
])('names a segment listed with another %s', (_, change, why) => {
  expect(flaws([{ ...FACTS, ...change }], [sealed])).toContain(why);
});

it('names a removal undone, one at another time, and a segment that is not listed', () => {
  expect(flaws([FACTS], [sealed, removed])).toEqual(['the audit trail tells otherwise of its removal']);
  expect(flaws([{ ...FACTS, removedAt: 951 }], [sealed, removed])).toEqual([
    'it was removed at another time',
  ]);
  expect(flaws([], [sealed])).toEqual(['the segment that the audit trail tells of is not listed']);
});

it('believes no event whose details are no JSON', () => {
  expect(flaws([FACTS], [{ ...sealed, detailsJson: 'x' }])).toEqual(['the audit trail names another file']);
});

it('names a removal that was not due', () => {
  const gone = [{ ...FACTS, removedAt: 950 }];
  expect(flaws(gone, [sealed, removed], () => 950)).toEqual(['it was removed while key kid-1 was in use']);
  expect(flaws(gone, [sealed, removed], () => undefined)).toEqual([
    'it was removed while key kid-1 was in use',
  ]);
  const late = { ...FACTS, lastExp: 950 };
  expect(
    flaws([{ ...late, removedAt: 950 }], [event(ARCHIVE_EVENTS.sealed, sealedDetails(late)), removed]),
  ).toEqual(['it was removed before its tokens had expired']);
});
