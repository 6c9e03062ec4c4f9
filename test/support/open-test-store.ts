import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import type { RegistrySeal } from '../../src/domain/registry-seal.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import type { RegistryReport } from '../../src/store/signed/open-registry.ts';
import type { StoreEvent } from '../../src/store/store-event.ts';
import { folderOfTest } from './folder-of-test.ts';
import { SOFTWARE_SEAL } from './software-seal.ts';

export const NOON: Clock = { nowSeconds: () => 1_760_000_000 };

export interface TestStore {
  readonly store: Store;
  readonly file: string;
  readonly events: readonly StoreEvent[];
  readonly report: RegistryReport;
}

interface TestStoreOptions {
  readonly file?: string;
  readonly queueLimit?: number;
  readonly segmentRecords?: number;
  readonly seal?: RegistrySeal;
  readonly mayTakeOver?: boolean;
  readonly clock?: Clock;
}

/** A store of the running test's own, its registry signed in memory, closed when it ends. */
export async function openTestStore(options: TestStoreOptions = {}): Promise<TestStore> {
  const { file = join(folderOfTest(), 'keyward.db'), queueLimit = 1_000, segmentRecords } = options;
  const { seal = SOFTWARE_SEAL, mayTakeOver = false } = options;
  const events: StoreEvent[] = [];
  const store = await openStore({
    file,
    queueLimit,
    ...(segmentRecords === undefined ? {} : { segmentRecords }),
    clock: options.clock ?? NOON,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => store.close());
  const report = await store.openRegistry({ seal, mayTakeOver });
  return { store, file, events, report };
}
