import { readSinkLine, type SinkEntry, writeSinkLine } from '../audit/sink-line.ts';

import type { LedgerGroup } from '../kernel/ledger-chain.ts';
import { isObject } from '../lib/json.ts';
import { encodeBase64url } from '../token/base64url.ts';

type Members = Readonly<Record<string, unknown>>;

/** One line of an export: what a sink takes, and the chains beside the events, without personal values. */
export type ExportEntry =
  | SinkEntry
  /** `hashes`: those of its records, one after the other; null where they are gone for good. */
  | { readonly kind: 'ledger_group'; readonly group: LedgerGroup; readonly hashes: Uint8Array | null };

export function writeExportLine(entry: ExportEntry): string {
  switch (entry.kind) {
    case 'ledger_group':
      return JSON.stringify({ ledger_group: groupMembers(entry.group, entry.hashes) });
    default:
      return writeSinkLine(entry);
  }
}

/** Undefined for what is no line of an export. */
export function readExportLine(line: string): ExportEntry | undefined {
  const known = readSinkLine(line);
  if (known) return known;
  const members = parsed(line);
  if (isObject(members?.ledger_group)) return groupEntry(members.ledger_group);
  return undefined;
}

function groupMembers(group: LedgerGroup, hashes: Uint8Array | null): object {
  const { sequence, firstRecord, rowCount, committedAt, previousHash, groupHash } = group;
  return {
    sequence,
    first_record: firstRecord,
    row_count: rowCount,
    committed_at: committedAt,
    previous_hash: encodeBase64url(previousHash),
    hash: encodeBase64url(groupHash),
    record_hashes: hashes && encodeBase64url(hashes),
  };
}

function groupEntry(of: Members): ExportEntry | undefined {
  const { sequence, first_record, row_count, committed_at, previous_hash, hash, record_hashes } = of;
  const counts = [sequence, first_record, row_count, committed_at];
  if (!counts.every(Number.isSafeInteger)) return undefined;
  if (typeof previous_hash !== 'string' || typeof hash !== 'string') return undefined;
  const [group, firstRecord, rowCount, committedAt] = counts as [number, number, number, number];
  return {
    kind: 'ledger_group',
    group: {
      sequence: group,
      firstRecord,
      rowCount,
      committedAt,
      previousHash: bytes(previous_hash),
      groupHash: bytes(hash),
    },
    hashes: typeof record_hashes === 'string' ? bytes(record_hashes) : null,
  };
}

function parsed(line: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}
