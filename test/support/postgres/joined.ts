import { onTestFinished } from 'vitest';
import type { DatabaseOwner } from '../../../src/db/engine.ts';
import { joinDatabase } from '../../../src/db/open-engine.ts';
import { folderOfTest } from '../folder-of-test.ts';
import { openTestStore, type TestStores } from '../open-test-store.ts';
import { databaseOfTest } from './database-of-test.ts';
import { settingsFor } from './owned.ts';

interface JoinedFront {
  readonly owner: DatabaseOwner;
  readonly store: TestStores;
}

/** Fronts in this process that share a database of the running test's own; the first leads. */
export async function joinedFronts(): Promise<readonly [JoinedFront, JoinedFront]> {
  const url = await databaseOfTest();
  const database = settingsFor(url);
  const join = async (): Promise<JoinedFront> => {
    const owner = await joinDatabase(database, `${folderOfTest()}/ledger-archive`);
    onTestFinished(() => owner.release());
    const { store } = await openTestStore({ postgres: { url, database, owner } });
    // Every run of the test counts, as if the audit key had certified it.
    store.judgeRuns(async ({ id, publicKey }) => ({ id, publicKey }));
    await owner.started();
    return { owner, store };
  };
  return [await join(), await join()];
}
