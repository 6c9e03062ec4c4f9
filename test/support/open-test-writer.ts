import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { prepareDatabaseFile } from '../../src/store/database-file.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { StoreEvent } from '../../src/store/store-event.ts';
import { identify } from '../../src/store/writable-database.ts';
import { Writer, type WriterOptions } from '../../src/store/writer.ts';
import { folderOfTest } from './folder-of-test.ts';

export interface TestWriter {
  readonly writer: Writer;
  readonly file: string;
  readonly events: readonly StoreEvent[];
}

/** A writer on a migrated database of the running test's own, closed when it ends. */
export async function openTestWriter(
  options: Partial<Pick<WriterOptions, 'file' | 'queueLimit' | 'deadlineMs'>> = {},
): Promise<TestWriter> {
  const file = options.file ?? join(folderOfTest(), 'keyward.db');
  prepareDatabaseFile(file);
  const identity = identify(file);
  if (!identity) throw new Error(`${file} is not there`);
  const events: StoreEvent[] = [];
  const writer = new Writer({
    queueLimit: 1_000,
    clock: { nowSeconds: () => 1_760_000_000 },
    ...options,
    file,
    identity,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => writer.close());
  await writer.transaction(migrate);
  return { writer, file, events };
}
