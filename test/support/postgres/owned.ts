import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PostgresSettings } from '../../../src/db/database-settings.ts';
import type { DatabaseOwner } from '../../../src/db/engine.ts';
import { ownDatabase } from '../../../src/db/open-engine.ts';
import { folderOfTest } from '../folder-of-test.ts';
import { databaseOfTest } from './database-of-test.ts';

/** A database of the running test's own, and this process as its owner. */
export interface TestPostgres {
  readonly url: string;
  readonly database: PostgresSettings;
  readonly owner: DatabaseOwner;
}

/** On one node: nothing waits for a standby. */
export async function ownedPostgres(): Promise<TestPostgres> {
  const url = await databaseOfTest();
  const database = settingsFor(url);
  const owner = await ownDatabase(database);
  onTestFinished(() => owner.release());
  return { url, database, owner };
}

export function settingsFor(url: string, copies?: number): PostgresSettings {
  const url_file = join(folderOfTest(), 'database-url');
  writeFileSync(url_file, `${url}\n`, { mode: 0o600 });
  return { url_file, durability: copies === undefined ? 'single' : 'replicated', copies: copies ?? 1 };
}
