import { basename } from 'node:path';
import { filesOfSink, inSequence } from '../audit/sink-files.ts';
import type { Findings, StoredEvent } from '../kernel/audit.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { LedgerGroup, PlacedRow } from '../kernel/ledger-chain.ts';
import { BrokenLines, placedLines } from './broken-lines.ts';
import { type ExportEntry, readExportLine } from './export-line.ts';

export interface SourceCheckpoint {
  readonly number: number;
  readonly jws: string;
  /** What stands beside it in the database, and must say the same. */
  readonly columns?: { readonly auditSequence: number; readonly time: number };
}

/** A group with what shows its hash: its rows, their hashes, or nothing where they have gone for good. */
export interface SourceGroup {
  readonly group: LedgerGroup;
  readonly rows: readonly PlacedRow[] | null;
  readonly hashes: Uint8Array | null;
}

/** What is verified: a database, an export or a sink's files. Each method reads from the beginning, in order. */
export interface TrailSource {
  /** Those that it comes with; which is believed, others say. */
  auditKeys(): readonly PublicJwk[];
  checkpoints(): Iterable<SourceCheckpoint>;
  events(): Iterable<StoredEvent>;
  /** Undefined where the source holds no ledger. */
  groups(): Iterable<SourceGroup> | undefined;
}

type Of<K extends ExportEntry['kind']> = Extract<ExportEntry, { kind: K }>;

/**
 * An export or the files of a sink. A sink may have got an entry twice, after a crash; the second is passed over
 * where it says the same. The half of a line that a crash left is no finding where the whole follows.
 */
export function fileSource(file: string, findings: Findings): TrailSource {
  const files = filesOfSink(file);
  const entries = <K extends ExportEntry['kind']>(kind: K) => entriesOf(files, kind);
  let holdsLedger = false;
  const auditKeys: PublicJwk[] = [];
  const broken = new BrokenLines(findings, (placed) => {
    const of = files.length > 1 ? `${basename(placed.file)} ` : '';
    return `${of}line ${placed.number}`;
  });
  for (const placed of placedLines(files)) {
    const entry = readExportLine(placed.line);
    broken.take(placed, entry !== undefined);
    if (entry?.kind === 'audit_key') auditKeys.push(entry.publicJwk);
    else if (entry?.kind === 'ledger_group') holdsLedger = true;
  }
  broken.finish();
  const checkpoints = () => once(entries('checkpoint'), ({ number, jws }) => [number, jws]);
  const events = () => once(eventsOf(entries('event')), ({ sequence, hash }) => [sequence, base64(hash)]);
  return {
    auditKeys: () => auditKeys,
    checkpoints: () => inSequence(checkpoints, ({ number }) => number),
    events: () => inSequence(events, ({ sequence }) => sequence),
    groups: () => (holdsLedger ? groupsOf(entries('ledger_group')) : undefined),
  };
}

function* groupsOf(entries: Iterable<Of<'ledger_group'>>): Generator<SourceGroup> {
  for (const { group, hashes } of entries) yield { group, hashes, rows: null };
}

function* eventsOf(entries: Iterable<Of<'event'>>): Generator<StoredEvent> {
  for (const { event } of entries) yield event;
}

/** Leaves out what was there before, number and content. */
function* once<T>(items: Iterable<T>, name: (item: T) => [number, string]): Generator<T> {
  const seen = new Map<number, string>();
  for (const item of items) {
    const [number, content] = name(item);
    if (seen.get(number) === content) continue;
    seen.set(number, content);
    yield item;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function* entriesOf<K extends ExportEntry['kind']>(files: readonly string[], kind: K): Generator<Of<K>> {
  for (const { line } of placedLines(files)) {
    const entry = readExportLine(line);
    if (entry?.kind === kind) yield entry as Of<K>;
  }
}
