import type { ArchiveDue } from '../kernel/ledger-search.ts';
import type { WrittenSegment } from './segment-file.ts';

/** What the archiving worker is told once, at its start. */
export interface ArchiveSettings {
  readonly archiveDir: string;
  /** Records in one segment at most. */
  readonly segmentRecords: number;
}

/** A segment as it was sealed. */
export interface SealedSegment {
  readonly firstGroup: number;
  readonly lastGroup: number;
  readonly firstRecord: number;
  readonly lastRecord: number;
  /** SHA-256 of the file. */
  readonly fileDigest: Uint8Array;
  readonly kids: readonly string[];
  readonly lastExp: number;
}

export type Sealing =
  | { readonly outcome: 'sealed'; readonly file: string; readonly segment: SealedSegment }
  | { readonly outcome: 'none_due' }
  /** The sequence of the first group that is not as it was committed. */
  | { readonly outcome: 'damaged'; readonly group: number };

export interface ArchiveCalls {
  seal: {
    asks: { readonly after: ArchiveEnd; readonly due: ArchiveDue; readonly number: number };
    answers: Sealing;
  };
  /** A copy of a segment without the personal values of some subjects; null where it holds none of theirs. */
  erase: {
    asks: { readonly number: number; readonly file: string; readonly subjects: readonly string[] };
    answers: (WrittenSegment & { readonly records: number }) | null;
  };
  close: { asks: null; answers: null };
}

/** Where the newest segment ends; zeros before the first. */
export interface ArchiveEnd {
  readonly group: number;
  readonly record: number;
}
