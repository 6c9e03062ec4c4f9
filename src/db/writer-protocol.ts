import type { ChainHead, RunKey, RunPublicKey } from '../kernel/audit-chain.ts';
import type { WireFailure } from './failure.ts';
import type { MarkPlace } from './mark-file.ts';
import type { RecordBatch } from './record-batch.ts';
import type { OwnSchema } from './sqlite/schema-objects.ts';
import type { SessionCalls } from './thread-session.ts';

/** What the worker is told once, at its start. */
export interface WriterSettings {
  /** Seals each group. */
  readonly run: RunKey;
  /** Where the end of the ledger is kept before a group is answered; absent where nobody keeps it. */
  readonly mark?: MarkPlace | undefined;
  /** Of `UrgentWaiting`; absent where nothing is urgent. */
  readonly urgent?: SharedArrayBuffer | undefined;
}

/** A row that the database refused while the others of its group were committed. */
export interface RowFailure {
  readonly index: number;
  readonly failure: WireFailure;
}

export interface AppendedGroup {
  readonly failures: readonly RowFailure[];
  /** The last group of the ledger, once the transaction is committed. */
  readonly end: ChainHead;
}

export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** A database that was opened once, with the schema that every further connection must find in it. */
export interface DatabaseIdentity extends FileIdentity {
  readonly schema: OwnSchema;
}

/** How the write connection stands, as read back from the database. */
export type Durability = Readonly<Record<string, string | number | boolean>>;

export interface AppendAsks {
  readonly batch: RecordBatch;
  /** The last group as the writer knows it; undefined before it knows any. */
  readonly end: ChainHead | undefined;
  /** Up to where this process has followed what others restricted. */
  readonly fence: number;
}

/** Whether the seals of a run count that the thread did not know. */
export interface JudgedRun {
  readonly id: string;
  readonly run: RunPublicKey | null;
}

/** Each call to the worker, with what it asks and what it answers. Answers come in the order of the calls. */
export interface WriterCalls extends SessionCalls {
  append: { asks: AppendAsks; answers: AppendedGroup };
  judged: { asks: JudgedRun; answers: null };
  durability: { asks: null; answers: Durability };
  close: { asks: null; answers: null };
}
