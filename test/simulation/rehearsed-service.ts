import { createTokenIssuer } from '../../src/issuance/issue-token.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Ledger } from '../../src/kernel/issuance.ts';
import type { RefusedKey } from '../../src/kernel/key.ts';
import type { Registry } from '../../src/kernel/registry.ts';
import type { ScopeDefinition } from '../../src/kernel/scope.ts';
import type { Signer } from '../../src/kernel/signer.ts';
import { createStandbyKeeper } from '../../src/keys/keep-standby.ts';
import { IssuanceLock } from '../../src/keys/key-administration.ts';
import { createKeyChanges } from '../../src/keys/key-changes.ts';
import { createKeyRing, type KeyRingKeeper } from '../../src/keys/key-ring.ts';
import { dueSteps } from '../../src/keys/lifecycle/due-steps.ts';
import type { ScopeKeys } from '../../src/keys/lifecycle/plans.ts';
import { followRegistry, trackLoadedKeys } from '../../src/keys/load-ring.ts';
import { createProvisioner } from '../../src/keys/provision-scope.ts';
import { createReconcileSteps } from '../../src/keys/reconcile-steps.ts';
import { createBindingKeys, type OpenedKey } from '../../src/keys/registry-key.ts';
import { KeyedMutex } from '../../src/lib/mutex.ts';
import { createPublication } from '../../src/publication/publication.ts';
import { verifySignatureSync } from '../../src/token/signature.ts';
import { composeSigningInput } from '../../src/token/signing-input.ts';
import { SOLE_OWNER } from '../support/leadership.ts';
import type { RehearsedService } from './simulate-rotations.ts';

export interface RehearsalDeps {
  readonly registry: Registry;
  readonly signer: Signer;
  readonly registryKey: OpenedKey;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly graceSeconds: number;
  readonly scope: ScopeDefinition;
  /** What a copy of the private half signs, also of a key that is destroyed. */
  readonly signCopy: (kid: string, signingInput: string) => Buffer;
}

const CLIENT = 'rehearsal';
const ACTOR = { operatorId: 'keyward', requestId: null };

/** The parts that make, rotate, publish and sign, as the service has them, around one scope and a clock. */
export async function openRehearsedService(
  parts: RehearsalDeps,
): Promise<RehearsedService & { readonly keyRing: KeyRingKeeper }> {
  const { registry, registryKey, ledger, clock, graceSeconds, signCopy } = parts;
  const { signer, served } = trackLoadedKeys(withoutReceiver(parts.signer));
  const keyRing = createKeyRing();
  const holds = new IssuanceLock();
  const bindingKeys = createBindingKeys(registryKey);
  const making = {
    registry,
    signer,
    bindingKeys,
    clock,
    keyRing,
    leadership: SOLE_OWNER,
    turns: new KeyedMutex(),
  };
  const onRefused = ({ why }: RefusedKey) => {
    throw new Error(why);
  };
  followRegistry({ registry, keyRing, bindingKeys, onRefused });
  const { scope } = await createProvisioner(making).create(parts.scope, ACTOR);
  const steps = createReconcileSteps({
    changes: createKeyChanges({ registry, keyRing, holds }),
    keyRing,
    standbys: createStandbyKeeper(making),
    signer,
    served,
    turns: making.turns,
    leadership: SOLE_OWNER,
    clock,
    timeGuard: { requireSteadyTime: () => {}, isSettled: () => true },
    graceSeconds,
    failoverSeconds: 10,
  });
  const issuer = createTokenIssuer({
    keyRing,
    grants: { allows: () => true },
    signer,
    checker: { check: async (key, token) => isSignedBy(key, token) },
    ledger,
    revocations: { covers: () => false },
    holds,
    clock,
  });
  const publication = createPublication({ keyRing, clock, registryKey, publicUrl: scope.issuer });
  const scopeKeys = (): ScopeKeys => {
    const found = keyRing.scopeKeys(scope.id);
    if (!found) throw new Error('a scope that was made is in the ring');
    return found;
  };
  return {
    scope,
    keyRing,
    keys: () => scopeKeys().keys,
    async tend() {
      for (let due = steps.immediate(); due.length > 0; due = steps.immediate()) {
        for (const step of due) await step.run();
      }
      const deferred = () => steps.deferred(scope.hsmToken);
      for (let due = deferred(); due.length > 0; due = deferred()) {
        for (const step of due) await step.run();
      }
    },
    nextDue: (until) => firstDue(scopeKeys(), clock.nowSeconds(), until, graceSeconds),
    keySet() {
      const document = publication.keySet(scope.id);
      if (!document) throw new Error('a scope that exists has a key set');
      return document;
    },
    issue: () =>
      issuer.issue({
        scopeId: scope.id,
        clientId: CLIENT,
        claims: { sub: 'rehearsal' },
        ttlSeconds: scope.policy.maxTtlSeconds,
      }),
    signAsThief(key, claims) {
      const header = { alg: key.binding.algorithm, typ: 'JWT', kid: key.kid };
      const signingInput = composeSigningInput(header, JSON.stringify(claims));
      return `${signingInput}.${signCopy(key.kid, signingInput).toString('base64url')}`;
    },
  };
}

/** What is due stays due: so the first second of it is found by halving. */
function firstDue(of: ScopeKeys, from: number, until: number, graceSeconds: number): number {
  const isDue = (now: number) => dueSteps(of, { now, graceSeconds }).length > 0;
  if (!isDue(until)) return until;
  let [before, at] = [from, until];
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2);
    if (isDue(middle)) at = middle;
    else before = middle;
  }
  return at;
}

/** As the service's own checker answers, without its thread. */
export function isSignedBy(
  key: { readonly publicKey: Parameters<typeof verifySignatureSync>[1] },
  token: string,
) {
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  return verifySignatureSync('ES256', key.publicKey, token.slice(0, dot), signature);
}

/** `trackLoadedKeys` copies members, which those of a class are not. */
export function withoutReceiver(signer: Signer): Signer {
  return {
    tokens: signer.tokens,
    sign: (request) => signer.sign(request),
    generate: (specification) => signer.generate(specification),
    serve: (keys, hsmToken) => signer.serve(keys, hsmToken),
    serveAlso: (keys, hsmToken) => signer.serveAlso(keys, hsmToken),
    release: (hsmIds, hsmToken) => signer.release(hsmIds, hsmToken),
    prove: (key, nonce) => signer.prove(key, nonce),
    inventory: (hsmToken) => signer.inventory(hsmToken),
    discard: (key) => signer.discard(key),
    destroy: (key) => signer.destroy(key),
    sealed: (shown) => signer.sealed(shown),
    describe: (hsmToken) => signer.describe(hsmToken),
  };
}
