import type { ChainHead, RunKey } from '../kernel/audit-chain.ts';
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

/** Each call to the worker, with what it asks and what it answers. Answers come in the order of the calls. */
export interface WriterCalls extends SessionCalls {
  /** `end`: the last group as the writer knows it; undefined before it knows any. */
  append: {
    asks: { readonly batch: RecordBatch; readonly end: ChainHead | undefined };
    answers: AppendedGroup;
  };
  durability: { asks: null; answers: Durability };
  close: { asks: null; answers: null };
}
