import type { AccessStore } from '../domain/access-store.ts';
import type { RecordAppender } from '../domain/append.ts';
import type { Clock } from '../domain/clock.ts';
import type { Registry } from '../domain/registry.ts';
import { createAccessStore } from './access-store.ts';
import { createAuditedChange } from './audited-change.ts';
import { prepareDatabaseFile } from './database-file.ts';
import { migrate } from './migrate.ts';
import { probe } from './probe.ts';
import { Reader } from './reader.ts';
import { createRegistry } from './registry.ts';
import { toKeywardError, unavailable } from './sqlite-failure.ts';
import type { StoreEvent } from './store-event.ts';
import { identify } from './writable-database.ts';
import { Writer } from './writer.ts';
import type { Durability, FileIdentity } from './writer-protocol.ts';

export interface StoreOptions {
  /** Absolute path; made with mode 0600 where it is missing. */
  readonly file: string;
  /** Records that may wait for their commit. */
  readonly queueLimit: number;
  readonly clock: Clock;
  readonly onEvent: (event: StoreEvent) => void;
}

export interface Store {
  /** For `createLedger`. */
  readonly records: RecordAppender;
  /** Records that are not durable yet. */
  queuedRecords(): number;
  readonly registry: Registry;
  readonly access: AccessStore;
  /** Writes, commits and reads back. `store_unavailable`. */
  probe(): Promise<void>;
  /** How the write connection stands, read back from SQLite. */
  durability(): Promise<Durability>;
  /** Finishes what is queued first. */
  close(): Promise<void>;
}

/** Opens the database and brings its tables up to date. `store_unavailable` with the cause where it cannot. */
export async function openStore({ file, queueLimit, clock, onEvent }: StoreOptions): Promise<Store> {
  const writer = new Writer({ file, identity: prepare(file), queueLimit, onEvent });
  try {
    await writer.transaction(migrate);
  } catch (error) {
    await writer.close();
    throw toKeywardError(error);
  }
  const reader = new Reader(file);
  const change = createAuditedChange(writer, clock);
  return {
    records: writer,
    queuedRecords: () => writer.queuedRecords,
    registry: createRegistry(reader, change),
    access: createAccessStore(reader, change),
    probe: () => probe(writer, reader, clock),
    durability: () => writer.durability(),
    close: async () => {
      reader.close();
      await writer.close();
    },
  };
}

function prepare(file: string): FileIdentity {
  try {
    prepareDatabaseFile(file);
    const identity = identify(file);
    if (identity) return identity;
    throw new Error(`${file} disappeared while it was opened`);
  } catch (cause) {
    throw unavailable(cause instanceof Error ? cause : new Error(String(cause)));
  }
}
