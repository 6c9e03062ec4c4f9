import {
  ARCHIVE_EVENTS,
  type ArchiveFacts,
  archiveSubject,
  fileDetails,
  removedDetails,
  sealedDetails,
} from '../../domain/archive-testimony.ts';
import { auditDetailsIn } from '../../domain/audit-details.ts';
import type { StoredEvent } from '../../domain/audit-sink.ts';
import type { Findings } from './finding.ts';

type Testimony = Pick<StoredEvent, 'type' | 'subject' | 'detailsJson'>;

/** Holds each listed segment against what the audit trail tells of it, and the trail against the list. */
export function verifyArchives(
  listed: Iterable<ArchiveFacts>,
  told: Iterable<Testimony>,
  findings: Findings,
): void {
  const bySubject = Map.groupBy(told, ({ subject }) => subject);
  const numbers = new Set<string>();
  for (const facts of listed) {
    const subject = archiveSubject(facts.number);
    numbers.add(subject);
    const flaw = flawOf(facts, bySubject.get(subject) ?? []);
    if (flaw) findings.add('ledger', 'bad_row', `segment ${facts.number}`, flaw);
  }
  for (const [subject, [event]] of bySubject) {
    if (event?.type !== ARCHIVE_EVENTS.sealed || numbers.has(subject)) continue;
    findings.add('ledger', 'gap', subject, 'the segment that the audit trail tells of is not listed');
  }
}

function flawOf(facts: ArchiveFacts, told: readonly Testimony[]): string | undefined {
  const [sealed, ...later] = told;
  if (sealed?.type !== ARCHIVE_EVENTS.sealed) return 'the audit trail does not tell of it';
  const replaced = later.findLast(({ type }) => type === ARCHIVE_EVENTS.replaced);
  const removed = later.findLast(({ type }) => type === ARCHIVE_EVENTS.removed);
  const file = replaced ?? sealed;
  if (!agrees(file, fileDetails(facts))) return 'the audit trail names another file';
  const { file: _file, file_digest, ...unchanged } = sealedDetails(orEmpty(facts));
  if (!agrees(sealed, unchanged)) return 'the audit trail tells otherwise what is in it';
  if ((removed === undefined) !== (facts.removedAt === null))
    return 'the audit trail tells otherwise of its removal';
  if (!removed || facts.removedAt === null) return undefined;
  return agrees(removed, removedDetails(facts.file, facts.removedAt))
    ? undefined
    : 'it was removed at another time';
}

/** Whether the event has all these details, each as it is. */
function agrees({ detailsJson }: Testimony, expected: Readonly<Record<string, unknown>>): boolean {
  const details = auditDetailsIn(detailsJson);
  return Object.entries(expected).every(
    ([name, value]) => JSON.stringify(details[name]) === JSON.stringify(value),
  );
}

/** A list of keys that is no JSON fits no event. */
function orEmpty(facts: ArchiveFacts): ArchiveFacts {
  try {
    JSON.parse(facts.kidsJson);
    return facts;
  } catch {
    return { ...facts, kidsJson: 'null' };
  }
}
