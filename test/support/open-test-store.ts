import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import type { StoreEvent } from '../../src/store/store-event.ts';
import { folderOfTest } from './folder-of-test.ts';

export const NOON: Clock = { nowSeconds: () => 1_760_000_000 };

export interface TestStore {
  readonly store: Store;
  readonly file: string;
  readonly events: readonly StoreEvent[];
}

/** A store of the running test's own, closed when it ends. */
export async function openTestStore(
  options: { file?: string; queueLimit?: number } = {},
): Promise<TestStore> {
  const { file = join(folderOfTest(), 'keyward.db'), queueLimit = 1_000 } = options;
  const events: StoreEvent[] = [];
  const store = await openStore({ file, queueLimit, clock: NOON, onEvent: (event) => events.push(event) });
  onTestFinished(() => store.close());
  return { store, file, events };
}
