import { randomBytes } from 'node:crypto';
import { createAccess } from '../../src/access/index.ts';
import { FIRST_TOKEN } from '../../src/kernel/key.ts';
import { DEFAULT_POLICY } from '../../src/kernel/policy.ts';
import type { ScopeDefinition } from '../../src/kernel/scope.ts';
import { createKeyRing } from '../../src/keys/key-ring.ts';
import { followRegistry } from '../../src/keys/load-ring.ts';
import { createProvisioner } from '../../src/keys/provision-scope.ts';
import { createBindingKeys, createRegistrySeal } from '../../src/keys/registry-key.ts';
import { KeyedMutex } from '../../src/lib/mutex.ts';
import { Revocations } from '../../src/revocation/revocations.ts';
import { createSignerRouter } from '../../src/signer/signer-router.ts';
import { FakeSigner } from '../support/fake-signer.ts';
import { SOLE_OWNER } from '../support/leadership.ts';
import { openTestStore } from '../support/open-test-store.ts';
import type { MovableClock } from './movable-clock.ts';

export const ACTOR = { operatorId: 'ada', requestId: null };

export type ComposedService = Awaited<ReturnType<typeof openComposedService>>;

export const SECOND_TOKEN = 'second';

/**
 * What administers scopes, keys, clients and revocations, as the service has it, on a database in SQLite and over keys
 * in memory, on two HSM tokens. Opening it takes longer than a history: histories share one, and each has scopes and clients of its own.
 */
export async function openComposedService(clock: MovableClock) {
  const [first, second] = [new FakeSigner(), new FakeSigner()];
  const registryKey = openedKey(first);
  const { store, file } = await openTestStore({ seal: createRegistrySeal(registryKey, first), clock });
  const { registry } = store;
  const signer = createSignerRouter(
    new Map([
      [FIRST_TOKEN, first],
      [SECOND_TOKEN, second],
    ]),
    new Map([[registryKey.kid, FIRST_TOKEN]]),
  );
  const keyRing = createKeyRing(() => clock.nowSeconds() * 1_000);
  const bindingKeys = createBindingKeys(registryKey, new Map([[SECOND_TOKEN, openedKey(second)]]));
  followRegistry({
    registry,
    keyRing,
    bindingKeys,
    onRefused: ({ why }) => {
      throw new Error(why);
    },
  });
  const making = {
    registry,
    signer,
    bindingKeys,
    clock,
    keyRing,
    leadership: SOLE_OWNER,
    turns: new KeyedMutex(),
  };
  const { clients, grants } = createAccess(store.access, clock, (id) => keyRing.scope(id) !== undefined);
  const revocations = new Revocations(
    {
      store: store.revocations,
      clock,
      settledTime: { isSettled: () => true },
      requireFresh: () => {},
      knowsScope: (id) => keyRing.scope(id) !== undefined,
      knowsClient: (id) => clients.list().some((client) => client.id === id),
      scopes: () => keyRing.scopes(),
    },
    [],
  );
  return {
    clock,
    store,
    file,
    signer,
    copyOf: (hsmToken: string, kid: string) => (hsmToken === SECOND_TOKEN ? second : first).copyOf(kid),
    /** Nothing is signed on the second token, from now on or no more. */
    setAway(isAway: boolean): void {
      second.outage = isAway ? 'hsm_unavailable' : null;
      if (isAway) keyRing.reportAway(SECOND_TOKEN);
      else keyRing.reportPresent(SECOND_TOKEN);
    },
    keyRing,
    making,
    provisioner: createProvisioner(making),
    clients,
    grants,
    revocations,
    /** A client that may sign for these scopes. */
    async addClient(id: string, scopeIds: readonly string[]): Promise<void> {
      await clients.enrol({ id, description: '', digest: randomBytes(32) }, ACTOR);
      for (const scopeId of scopeIds) await clients.grant(id, scopeId, 'sign', ACTOR);
    },
  };
}

function openedKey({ registry }: FakeSigner) {
  const sign = async (signingInput: string) =>
    `${signingInput}.${registry.sign(signingInput).toString('base64url')}`;
  return { ...registry, sign };
}

export function definitionOf(id: string): ScopeDefinition {
  return {
    id,
    issuer: 'https://id.example',
    audience: `https://${id}.example`,
    algorithm: 'ES256',
    modulusBits: null,
    hsmToken: 'primary',
    standbyToken: null,
    policy: DEFAULT_POLICY,
    contacts: [],
  };
}
