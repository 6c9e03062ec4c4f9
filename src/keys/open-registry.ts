import type { Logger } from 'pino';
import type { Store } from '../db/open-store.ts';
import { type Clock, dayOf } from '../kernel/clock.ts';
import type { RefusedRow } from '../kernel/registry.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import type { Signer } from '../kernel/signer.ts';
import { type RunningTask, startPeriodicTask } from '../lib/periodic-task.ts';
import { RecentSet } from '../lib/recent-set.ts';
import { createRegistrySeal, type OpenedKey } from './registry-key.ts';

const TOLD_ROWS = 10_000;

interface RegistryEventDeps {
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Verifies the registry at the start, and tells of every row that is not used. */
export async function openRegistry(
  store: Pick<Store, 'openRegistry'>,
  registryKey: OpenedKey,
  signer: Pick<Signer, 'sealed'>,
  log: Logger,
  events: EventRaiser,
  clock: Clock,
): Promise<void> {
  const seal = createRegistrySeal(registryKey, signer);
  const { refused } = await store.openRegistry({ seal });
  for (const row of refused) {
    log.fatal(row, 'registry row refused and not used');
    raiseRefused(row, { events, clock });
  }
}

/** Told once a row and day: what is served is the registry in memory, as it was verified. */
export function createRegistryWatch(
  store: Pick<Store, 'walkRegistry'>,
  deps: RegistryEventDeps,
): () => Promise<void> {
  const told = new RecentSet(TOLD_ROWS);
  return async () => {
    for (const row of await store.walkRegistry()) {
      const once = JSON.stringify([dayOf(deps.clock.nowSeconds()), row]);
      if (told.has(once)) continue;
      told.add(once);
      deps.log.fatal(row, 'somebody else changed a registry row: the one in memory is used');
      raiseRefused(row, deps);
    }
  };
}

export function raiseRefused(
  { table, id, why }: RefusedRow,
  { events, clock }: Pick<RegistryEventDeps, 'events' | 'clock'>,
): void {
  const day = dayOf(clock.nowSeconds());
  events.raise(securityEvent('registry.signature_invalid', { table, row: id, why, day }));
}

/** Signs what an emergency wrote without the HSM, as soon as the HSM is there. */
export function signPending(store: Pick<Store, 'signPending'>, log: Logger): RunningTask {
  return startPeriodicTask({
    async tick() {
      const rows = await store.signPending();
      if (rows > 0) log.info({ rows }, 'registry rows signed that had been changed without the HSM');
    },
    everyMs: 1_000,
    log,
    failure: 'registry rows wait for their signature, or for a standby; it is tried again',
  });
}
