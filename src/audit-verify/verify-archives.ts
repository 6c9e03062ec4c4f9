import type { Findings, StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import {
  ARCHIVE_EVENTS,
  type ArchiveFacts,
  archiveSubject,
  fileDetails,
  removedDetails,
  sealedDetails,
} from '../kernel/ledger-search.ts';

type AuditRecord = Pick<StoredEvent, 'type' | 'subject' | 'time' | 'detailsJson'>;

/** From when on no token of a key can be good; undefined for a key that is not known. Seconds since the epoch. */
type EndOfUse = (kid: string) => number | undefined;

/** Holds each listed segment against what the audit trail tells of it, and the trail against the list. */
export function verifyArchives(
  listed: Iterable<ArchiveFacts>,
  told: Iterable<AuditRecord>,
  endOfUse: EndOfUse,
  findings: Findings,
): void {
  const bySubject = Map.groupBy(told, ({ subject }) => subject);
  const numbers = new Set<string>();
  for (const facts of listed) {
    const subject = archiveSubject(facts.number);
    numbers.add(subject);
    const flaw = flawOf(facts, bySubject.get(subject) ?? []);
    if (flaw) findings.add('ledger', 'bad_row', `segment ${facts.number}`, flaw);
    const early = earlyRemoval(bySubject.get(subject) ?? [], endOfUse);
    if (early) findings.add('ledger', 'truncated', `segment ${facts.number}`, early);
  }
  for (const [subject, [event]] of bySubject) {
    if (event?.type !== ARCHIVE_EVENTS.sealed || numbers.has(subject)) continue;
    findings.add('ledger', 'gap', subject, 'the segment that the audit trail tells of is not listed');
  }
}

function flawOf(facts: ArchiveFacts, told: readonly AuditRecord[]): string | undefined {
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

/** A segment may go once each of its tokens has expired and none of its keys can have a good one any more. */
function earlyRemoval(told: readonly AuditRecord[], endOfUse: EndOfUse): string | undefined {
  const removed = told.findLast(({ type }) => type === ARCHIVE_EVENTS.removed);
  const sealed = told.findLast(({ type }) => type === ARCHIVE_EVENTS.sealed);
  if (!removed || !sealed) return undefined;
  const { last_exp: lastExp, kids } = auditDetailsIn(sealed.detailsJson);
  if (typeof lastExp !== 'number' || lastExp >= removed.time)
    return 'it was removed before its tokens had expired';
  const names = Array.isArray(kids) ? kids.map(String) : [];
  const inUse = names.find((kid) => (endOfUse(kid) ?? Infinity) >= removed.time);
  return inUse === undefined ? undefined : `it was removed while key ${inUse} was in use`;
}

/** Whether the event has all these details, each as it is. */
function agrees({ detailsJson }: AuditRecord, expected: Readonly<Record<string, unknown>>): boolean {
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
