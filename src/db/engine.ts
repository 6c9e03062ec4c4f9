import type { Leadership } from '../kernel/registry.ts';
import type { NoteBoard } from './front-notes.ts';
import type { ReadProof } from './proven-reads.ts';
import type { Trx } from './schema.ts';
import type { Language, Session } from './session-dialect.ts';

/** Where a thread begins, and what it is told once beside what every engine's is told. */
export interface ThreadEntry {
  readonly entry: URL;
  readonly settings: object;
}

/** How a database stands that several fronts share. */
export interface SharedStanding {
  /** Those that have it, this one included. */
  readonly fronts: number;
  readonly standbysInSync: number;
}

/** Why a process ends that had the database. */
export interface Loss {
  /** Of the line in the log. */
  readonly event: 'database.taken' | 'database.upgraded';
  readonly message: string;
}

/** This process as the one that has the database. */
export interface DatabaseOwner extends Leadership {
  /** Random, never the same again, and in the database for all to read; empty for a file, which knows none. */
  readonly id: string;
  /** Of whoever had it before; empty where nobody else can have had it. */
  readonly former: string;
  /** Other fronts have it, too, and know what was acknowledged. */
  readonly isJoining: boolean;
  /** Absent where there is no other front. */
  readonly notes?: NoteBoard;
  /** What was seen of the database a moment ago; undefined where that is not known, and of a file. */
  readonly seen: SharedStanding | undefined;
  /** Settles once this process may not go on with it. */
  readonly lost: Promise<Loss>;
  /** From now on another front leads where one is fit and this one is not. */
  leadIf(isFit: () => boolean): void;
  /** Lets other fronts begin. */
  started(): Promise<void>;
  release(): Promise<void>;
}

/** How the event loop reads: what a session reads within one transaction is of one moment. */
export interface ReadLink {
  session(): Session;
  /** Names what of the schema somebody else changed; undefined where nothing was. `store_unavailable`. */
  foreign(): Promise<string | undefined>;
  /** Lets go of a connection that cannot go on after that failure; answers it as an error of ours. */
  recover(error: unknown): Error;
  close(): Promise<void>;
}

/**
 * What a store stands on. All that computes `head + 1` and compares is above it, once: an engine brings connections,
 * the threads that have them, and the words of its SQL.
 */
export interface Engine {
  readonly language: Language;
  /** Serves `WriterCalls`. */
  readonly writing: ThreadEntry;
  /** Serves `ReadCalls`. */
  readonly reading: ThreadEntry;
  /** Serves `ArchiveCalls`. */
  readonly archiving: ThreadEntry;
  openReads(): ReadLink;
  /** Where other fronts write as well; absent where one process has all. */
  readonly shared?: SharedDatabase;
}

/** A database that fronts share, as one who writes to it has it. */
export interface FrontDatabase extends Pick<SharedDatabase, 'isThere'> {
  /** As whom. */
  readonly id: string;
  read<T>(query: (trx: Trx) => Promise<T>): Promise<T>;
  /** Commits when `work` resolves; known to be where it has to be. `store_unavailable`. */
  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
}

export interface SharedDatabase {
  /** A number that is another after each change of which all fronts have to know. */
  fence(trx: Trx): Promise<number>;
  /** Whether the front of that id still has the database. */
  isThere(trx: Trx, front: string): Promise<boolean>;
  readonly proof: ReadProof;
}
