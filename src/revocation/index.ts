import type { Canaries } from '../canaries/index.ts';
import type { Store } from '../db/open-store.ts';
import type { ClientAdministration } from '../kernel/actor.ts';
import type { Clock, SettledTime } from '../kernel/clock.ts';
import type { KeyRing } from '../kernel/key.ts';
import type { FoundRevocation, Revocation } from '../kernel/revocation.ts';
import { supplied } from '../server/route.ts';
import { Revocations } from './revocations.ts';
import { createTokenRevocation } from './revoke-token.ts';
import { adminRevocationRoutes, revokeToken } from './routes.ts';
import { createRevocationStore, PAGE, revocationsAfter } from './store.ts';

export { appendRevocation, createRevocationStore } from './store.ts';

export const REVOCATION_ROUTES = { data: [revokeToken], operations: adminRevocationRoutes } as const;

interface RevocationDeps {
  readonly store: Pick<Store, 'ledger' | 'writer' | 'follower'>;
  /** As they were verified. */
  readonly inForce: readonly Revocation[];
  readonly keyRing: KeyRing;
  readonly clients: Pick<ClientAdministration, 'list'>;
  readonly canaries: Pick<Canaries, 'watchRevocation'>;
  readonly clock: Clock;
  readonly settledTime: SettledTime;
}

/** What is revoked, by rules in memory. */
export function openRevocation({
  store,
  inForce,
  keyRing,
  clients,
  canaries,
  clock,
  settledTime,
}: RevocationDeps) {
  const revocations = new Revocations(
    {
      store: createRevocationStore(store.ledger.walks, store.writer),
      clock,
      settledTime,
      knowsScope: (id) => keyRing.scope(id) !== undefined,
      knowsClient: (id) => clients.list().some((client) => client.id === id),
      scopes: () => keyRing.scopes(),
      requireFresh: () => store.follower.requireFresh(),
    },
    inForce,
  );
  store.follower.add(async (reader) => {
    const found: FoundRevocation[] = [];
    for (let [read, last] = [PAGE, revocations.followed]; read === PAGE; ) {
      const page = await reader.read((trx) => revocationsAfter(trx, last));
      found.push(...page);
      read = page.length;
      last = page.at(-1)?.revocation.sequence ?? last;
    }
    revocations.take(found);
  });
  const tokenRevocation = canaries.watchRevocation(createTokenRevocation({ keyRing, clock, revocations }));
  return {
    revocations,
    routes: {
      data: supplied(REVOCATION_ROUTES.data, { tokenRevocation }),
      operations: supplied(REVOCATION_ROUTES.operations, { revocations }),
    },
  };
}
