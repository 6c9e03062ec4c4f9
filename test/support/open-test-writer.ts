import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openSqlite } from '../../src/db/sqlite/open-sqlite.ts';
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
  options: Partial<Pick<WriterOptions, 'queueLimit' | 'deadlineMs' | 'mark'>> & {
    readonly file?: string;
  } = {},
): Promise<TestWriter> {
  const { file = join(folderOfTest(), 'keyward.db'), ...own } = options;
  const engine = await openSqlite(file);
  const events: StoreEvent[] = [];
  const run = createRunKey(1_760_000_000);
  const writer = new Writer({
    queueLimit: 1_000,
    clock: { nowSeconds: () => 1_760_000_000 },
    run,
    unwitnessed: new UnwitnessedRanges(),
    ...own,
    engine,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => writer.close());
  return { writer, run, file, events };
}
