import type { AuditEvent } from './audit.ts';

/** What the audit trail tells of archive segments: by these events alone a segment came, changed and went. */
export const ARCHIVE_EVENTS = {
  sealed: 'ledger.archived',
  /** Another file took its place, without the values that were erased. */
  replaced: 'ledger.erased',
  removed: 'ledger.archive_removed',
} as const;

/** A segment as the database lists it. */
export interface ArchiveFacts {
  readonly number: number;
  readonly file: string;
  /** SHA-256 of the file. */
  readonly fileDigest: Uint8Array;
  readonly firstGroup: number;
  readonly lastGroup: number;
  readonly firstRecord: number;
  readonly lastRecord: number;
  readonly lastExp: number;
  readonly kidsJson: string;
  readonly sealedAt: number;
  readonly removedAt: number | null;
}

export function archiveSubject(number: number): string {
  return `ledger_archive:${number}`;
}

export function sealedDetails(facts: Omit<ArchiveFacts, 'number' | 'removedAt'>): AuditEvent['details'] {
  return {
    ...fileDetails(facts),
    groups: [facts.firstGroup, facts.lastGroup],
    records: [facts.firstRecord, facts.lastRecord],
    last_exp: facts.lastExp,
    kids: JSON.parse(facts.kidsJson),
    sealed_at: facts.sealedAt,
  };
}

export function fileDetails({ file, fileDigest }: Pick<ArchiveFacts, 'file' | 'fileDigest'>) {
  return { file, file_digest: Buffer.from(fileDigest).toString('base64url') };
}

export function removedDetails(file: string, removedAt: number): AuditEvent['details'] {
  return { file, removed_at: removedAt };
}
