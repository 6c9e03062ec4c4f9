import type { Store } from '../db/open-store.ts';
import type { AnyAct } from '../kernel/acts.ts';
import type { Clock } from '../kernel/clock.ts';
import type { KeyRing } from '../kernel/key.ts';
import { supplied } from '../server/route.ts';
import { type Access, createAccess } from './create-access.ts';
import {
  addGrant,
  createClient,
  describeClient,
  removeGrant,
  replaceClientCredential,
  revokeClient,
} from './routes/client-acts.ts';
import { adminClientRoutes, adminGrantRoutes } from './routes/clients.ts';
import {
  createOperator,
  replaceOperatorCredential,
  revokeOperator,
  setOperatorRoles,
} from './routes/operator-acts.ts';
import { adminOperatorRoutes } from './routes/operators.ts';
import { adminProposalRoutes } from './routes/proposals.ts';

export { openGate } from './open-gate.ts';

export const ACCESS_ROUTES = {
  operations: [...adminClientRoutes, ...adminGrantRoutes, ...adminOperatorRoutes, ...adminProposalRoutes],
} as const;

export function accessActs(
  { clients, operators }: Pick<Access, 'clients' | 'operators'>,
  keyRing: KeyRing,
): readonly AnyAct[] {
  return [
    createClient(clients),
    replaceClientCredential(clients),
    describeClient(clients),
    revokeClient(clients),
    addGrant(clients, keyRing),
    removeGrant(clients, keyRing),
    createOperator(operators),
    replaceOperatorCredential(operators),
    setOperatorRoles(operators),
    revokeOperator(operators),
  ];
}

interface AccessDeps {
  readonly store: Pick<Store, 'access'>;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
}

/** Clients, operators and their grants. */
export async function openAccess({ store, keyRing, clock }: AccessDeps) {
  const access = await createAccess(store.access, clock, (id) => keyRing.scope(id) !== undefined);
  const { clients, operators } = access;
  return {
    ...access,
    routes: { operations: supplied(ACCESS_ROUTES.operations, { clients, operators }) },
    acts: accessActs(access, keyRing),
  };
}
