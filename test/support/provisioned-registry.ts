import type { Store } from '../../src/db/open-store.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { ALICE, hsmId, keySample, made, placeSample, REGISTRY_KEY, scopeSample } from './registry-samples.ts';

const OPERATOR = { roles: ['operator', 'approver'], createdAt: 1, revokedAt: null } as const;

/** A registry with at least two rows in each of its tables, each made the way the service makes them. */
export async function provisionRegistry(): Promise<TestStore> {
  const opened = await openTestStore();
  const { registry, access } = opened.store;
  await registry.addServiceKey(REGISTRY_KEY, ALICE);
  await registry.addServiceKey(
    { ...REGISTRY_KEY, role: 'audit', kid: 'A'.repeat(43), hsmId: hsmId(0xfe) },
    ALICE,
  );
  for (const [n, id] of ['payments', 'mail'].entries()) {
    await addScope(opened.store, id, n * 2 + 1);
    await access.addClient(
      { id: `${id}-web`, description: `signs for ${id}`, createdAt: n, revokedAt: null, grants: [] },
      Buffer.alloc(32, n + 1),
      ALICE,
    );
    await access.addGrant(`${id}-web`, { scopeId: id, action: 'sign' }, ALICE);
    await access.addOperator({ ...OPERATOR, id: `operator-${n}` }, Buffer.alloc(32, n + 10), ALICE);
  }
  return opened;
}

async function addScope({ registry }: Store, id: string, n: number): Promise<void> {
  const scope = scopeSample(id);
  await registry.reserveScope(scope, [placeSample(n), placeSample(n + 1)], ALICE);
  const active = keySample(scope, n, { state: 'active', signFrom: scope.createdAt });
  await registry.completeScope(id, made(active, keySample(scope, n + 1)), ALICE);
}
