import type { Actor } from './actor.ts';
import type { AuditEvent } from './audit.ts';
import type { IssuanceRecord, RecordedToken, Recording } from './issuance.ts';

/** What an investigation asks for; what is left out is not asked. Times bound `iat`, both included. */
export interface LedgerQuery {
  readonly scopeId?: string | undefined;
  readonly kid?: string | undefined;
  readonly jti?: string | undefined;
  readonly clientId?: string | undefined;
  /** Finds records that keep the subject hashed, too. */
  readonly subject?: string | undefined;
  readonly root?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface LedgerEntry extends RecordedToken {
  /** Its place in the ledger, from 1. */
  readonly sequence: number;
  /** Whether subject and root event were erased. */
  readonly erased: boolean;
  readonly archived: boolean;
}

export interface LedgerPage {
  /** In the order in which they were recorded. */
  readonly entries: readonly LedgerEntry[];
  /** Where to go on; null at the end. A page may be short, or empty, and not be the last. */
  readonly next: number | null;
}

/** Look-ups over all records, those in archives too; away from the hot path, however much there is to read. */
export interface LedgerSearch {
  /** `after` is the `next` of the page before, 0 at first. `store_unavailable`, `overloaded`. */
  page(query: LedgerQuery, bounds: { readonly after: number; readonly limit: number }): Promise<LedgerPage>;
}

interface ErasedCounts {
  readonly records: number;
  readonly events: number;
  readonly reports: number;
}

/** What people still work on: numbers of security events that nobody has resolved, and of cases that are not closed. */
export interface OpenMatters {
  readonly events: readonly number[];
  readonly reports: readonly string[];
}

/** The audit event of an erasure; it names no subject. */
export const ERASURE_REQUESTED = 'ledger.erasure_requested';

export interface LedgerErasure {
  /** What is open about the subject. `store_unavailable`. */
  openAbout(subject: string): Promise<OpenMatters>;
  /**
   * Erases subject and root event of every record of a subject, in archives too, personal values of security events
   * about them, and what was written in reports of their tokens, or by whoever can be reached under that name. The
   * chain stays whole. Audited without the subject. `store_unavailable`.
   */
  eraseSubject(subject: string, actor: Actor): Promise<ErasedCounts>;
}

/** Records between two `iat`, both included, that have one of the values there. */
export interface IssuedQuestion {
  readonly by: 'jti' | 'client' | 'subject';
  readonly values: readonly string[];
  readonly from: number;
  readonly to: number;
  /** Listed at most. */
  readonly limit: number;
}

export interface IssuedAnswer {
  readonly tokens: number;
  /** The first of them. */
  readonly entries: readonly LedgerEntry[];
  /** False where there was more to read than was read. */
  readonly complete: boolean;
}

/** Counts what was issued within some hours, archives too; away from the hot path and from other searches. */
export interface IssuedReader {
  /** `store_unavailable`, `overloaded`. */
  issued(question: IssuedQuestion): Promise<IssuedAnswer>;
}

/** What a client was issued for a scope within one hour. */
export interface IssuedHour {
  readonly client: string;
  readonly scope: string;
  /** Hours since the epoch. */
  readonly hour: number;
  readonly tokens: number;
}

export interface IssuedHours {
  readonly hours: readonly IssuedHour[];
  /** False where there was more to read than was read: then the oldest is missing. */
  readonly complete: boolean;
  /** Since when all is counted; seconds since the epoch. */
  readonly countedFrom: number;
}

/** Counts the ledger by the hour, archives too; away from the hot path and from other searches. */
export interface IssuedHoursReader {
  /** From the first second to the last. `store_unavailable`, `overloaded`. */
  between(from: number, to: number): Promise<IssuedHours>;
}

/** Of the tokens of a scope that have not expired at that second and whose life, `exp - iat`, is no longer than is accepted. */
export interface LivingTokensQuestion {
  readonly scopeId: string;
  readonly at: number;
  readonly acceptedTtlSeconds: number;
  /** The life beyond which they are counted as longer. */
  readonly ttlSeconds: number;
}

/** From the ledger, revoked ones too. */
export interface LivingTokens {
  readonly tokens: number;
  readonly longer: number;
  /** Without a subject on record: they have none, it was not to be recorded, or it was erased. */
  readonly withoutSubject: number;
  /** False where there was more to read than was read: then all of it is at least so. */
  readonly complete: boolean;
}

/** Away from the hot path. */
export interface LivingTokensReader {
  /** `store_unavailable`, `overloaded`. */
  living(question: LivingTokensQuestion): Promise<LivingTokens>;
}

/** Moves old records out of the database, in steps small enough for issuing to go on between them. */
export interface LedgerArchives {
  /**
   * Copies the oldest groups into a sealed segment, once there is a day of them: those that were committed before
   * one time and whose tokens expired before the other. Answers how many records, 0 where none are due.
   * `store_unavailable`; `ledger_damaged` where a group is not as it was committed; `ledger_unavailable` where segments
   * are missing.
   */
  seal(due: ArchiveDue): Promise<number>;
  /**
   * Deletes some records that are sealed in a segment whose file is there; answers how many, 0 where none are left.
   * `ledger_damaged` where the table of segments is not as the audit trail has it.
   */
  drop(): Promise<number>;
  /**
   * Removes the segments that are due, for good; answers how many. The hashes of their groups stay. What is in a
   * segment is taken from the audit event by which it was sealed. `ledger_damaged`, after all others are removed,
   * where a row or a file is not as the audit trail has it.
   */
  remove(isDue: (segment: ArchivedSegment) => boolean): Promise<number>;
  /** Files of segments that are not in this front's folder: it is not the one that the others have, or was lost. */
  missing(): Promise<readonly string[]>;
}

/** Seconds since the epoch. */
export interface ArchiveDue {
  readonly committedBefore: number;
  readonly expiredBefore: number;
}

export interface ArchivedSegment {
  /** The keys that signed the tokens in it. */
  readonly kids: readonly string[];
  /** When the last of them expires; seconds since the epoch. */
  readonly lastExp: number;
}

/**
 * The ledger's way to durable storage. What is handed in before another change commits no later than that
 * change: so no record of a key can follow the key's compromise.
 */
export interface RecordAppender {
  /** Settles once the record is durable. `overloaded`, `shutting_down`, `Superseded`, or any other failure to write. */
  append(record: IssuanceRecord, recording?: Recording): Promise<void>;
}

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
