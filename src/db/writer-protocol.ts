import type { ChainHead, RunKey } from '../kernel/audit-chain.ts';
import type { EventTrust } from './event-seals.ts';
import type { RecordBatch } from './record-batch.ts';
import type { Executed } from './session-dialect.ts';
import type { AppendedGroup } from './sqlite/group-appender.ts';
import type { OwnSchema } from './sqlite/schema-objects.ts';

/** What the worker is told once, at its start. */
export interface WriterSettings {
  /** Seals each group. */
  readonly run: RunKey;
  /** Undefined until it is known. */
  trust?: EventTrust;
}

export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** A database that was opened once, with the schema that every further connection must find in it. */
export interface DatabaseIdentity extends FileIdentity {
  readonly schema: OwnSchema;
}

/** How the write connection stands, as read back from SQLite. */
export interface Durability {
  readonly journalMode: string;
  /** 2 is FULL. */
  readonly synchronous: number;
  readonly foreignKeys: boolean;
  readonly sqliteVersion: string;
}

/** Each call to the worker, with what it asks and what it answers. Answers come in the order of the calls. */
export interface WriterCalls {
  /** `end`: the last group as the writer knows it; undefined before it knows any. */
  append: {
    asks: { readonly batch: RecordBatch; readonly end: ChainHead | undefined };
    answers: AppendedGroup;
  };
  begin: { asks: null; answers: null };
  execute: {
    asks: { readonly sql: string; readonly parameters: readonly unknown[] };
    answers: Executed;
  };
  commit: { asks: null; answers: null };
  rollback: { asks: null; answers: null };
  trust: { asks: EventTrust; answers: null };
  durability: { asks: null; answers: Durability };
  close: { asks: null; answers: null };
}
