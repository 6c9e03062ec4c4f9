import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { identify, prepareDatabaseFile } from '../../src/db/sqlite/database-file.ts';
import { migrateFile } from '../../src/db/sqlite/migrate-file.ts';
import { UnwitnessedRanges } from '../../src/db/unwitnessed.ts';
import type { StoreEvent } from '../../src/db/write-health.ts';
import { Writer, type WriterOptions } from '../../src/db/writer.ts';
import { createRunKey, type RunKey } from '../../src/kernel/audit-chain.ts';
import { folderOfTest } from './folder-of-test.ts';

export interface TestWriter {
  readonly writer: Writer;
  readonly run: RunKey;
  readonly file: string;
  readonly events: readonly StoreEvent[];
}

/** A writer on a migrated database of the running test's own, closed when it ends. */
export async function openTestWriter(
  options: Partial<Pick<WriterOptions, 'file' | 'queueLimit' | 'deadlineMs'>> = {},
): Promise<TestWriter> {
  const file = options.file ?? join(folderOfTest(), 'keyward.db');
  prepareDatabaseFile(file);
  const schema = await migrateFile(file);
  const identity = identify(file);
  if (!identity) throw new Error(`${file} is not there`);
  const events: StoreEvent[] = [];
  const run = createRunKey(1_760_000_000);
  const writer = new Writer({
    queueLimit: 1_000,
    clock: { nowSeconds: () => 1_760_000_000 },
    run,
    unwitnessed: new UnwitnessedRanges(),
    ...options,
    file,
    identity: { ...identity, schema },
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => writer.close());
  return { writer, run, file, events };
}
