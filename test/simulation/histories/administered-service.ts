import { Gate } from '../../../src/access/gate.ts';
import { VolatileProposals } from '../../../src/access/store/proposals.ts';
import { createTokenIssuer } from '../../../src/issuance/issue-token.ts';
import type { Actor } from '../../../src/kernel/actor.ts';
import type { AnyAct } from '../../../src/kernel/acts.ts';
import type { KeyUse, Ledger } from '../../../src/kernel/issuance.ts';
import type { Registry } from '../../../src/kernel/registry.ts';
import type { TokenVerifier } from '../../../src/kernel/verification.ts';
import { createKeyAdministration } from '../../../src/keys/administer-keys.ts';
import { createScopeChanger } from '../../../src/keys/change-scope.ts';
import { createCompromiseReports } from '../../../src/keys/compromise-extent.ts';
import { createStandbyKeeper } from '../../../src/keys/keep-standby.ts';
import { IssuanceLock } from '../../../src/keys/key-administration.ts';
import { createKeyChanges } from '../../../src/keys/key-changes.ts';
import { trackLoadedKeys } from '../../../src/keys/load-ring.ts';
import { createProvisioner } from '../../../src/keys/provision-scope.ts';
import { createReconcileSteps } from '../../../src/keys/reconcile-steps.ts';
import { keyActs } from '../../../src/keys/routes/key-acts.ts';
import { scopeActs } from '../../../src/keys/routes/scope-acts.ts';
import { createLedger, createLedgerReader } from '../../../src/ledger/durable-ledger.ts';
import { addRevocation } from '../../../src/ledger/routes/erase.ts';
import { createTokenVerifier, type VerifyingDeps } from '../../../src/verification/verify-token.ts';
import { operatorNamed } from '../../support/act-bench.ts';
import { SOLE_OWNER } from '../../support/leadership.ts';
import { untouched } from '../../support/untouched.ts';
import type { ComposedService } from '../composed-service.ts';
import { isSignedBy } from '../rehearsed-service.ts';

export const PROPOSAL_SECONDS = 86_400;
export const GRACE_SECONDS = 3_600;
export const FAILOVER_SECONDS = 10;

/** What stands in the place of the service's own, to be found out. */
export interface PlantedPart {
  readonly ledger?: (real: Ledger) => Ledger;
  readonly registry?: (real: Registry) => Registry;
  readonly act?: (real: AnyAct) => AnyAct;
  readonly verifying?: (real: VerifyingDeps) => VerifyingDeps;
  readonly verifier?: (real: TokenVerifier, service: ComposedService) => TokenVerifier;
  readonly twoPersons?: boolean;
}

/** An act that was run, and for whom. */
export interface Execution {
  readonly act: string;
  readonly actor: Actor;
}

/** Counting is not what the histories are about. */
const NO_USE: KeyUse = {
  liveTokens: 0,
  clients: { listed: [], more: 0 },
  subjects: { listed: [], more: 0 },
  firstIssuedAt: null,
  lastIssuedAt: null,
  complete: true,
};

const STEADY = { requireSteadyTime: () => {}, isSettled: () => true };

/** The service as one history has it: its own gate and reconciliation, over scopes whose ids begin with `prefix`. */
export function administer(service: ComposedService, prefix: string, planted: PlantedPart) {
  const { store, keyRing, clock, grants, revocations } = service;
  const { signer, served } = trackLoadedKeys(service.signer);
  const isOwn = (scopeId: string) => scopeId.startsWith(prefix);
  const ownRing = {
    ...keyRing,
    scopes: () => keyRing.scopes().filter(({ id }) => isOwn(id)),
    references: () =>
      keyRing.references().filter(({ kid }) => isOwn(keyRing.knownKey(kid)?.key.scopeId ?? '')),
  };
  const making = { ...service.making, signer };
  const holds = new IssuanceLock();
  const registry = planted.registry?.(store.registry) ?? store.registry;
  const changes = createKeyChanges({ registry, keyRing, holds });
  const keys = createKeyAdministration({
    registry,
    changes,
    keyRing,
    signer,
    clock,
    graceSeconds: GRACE_SECONDS,
    onChanged: () => {},
  });
  const provisioner = createProvisioner(making);
  const executions: Execution[] = [];
  const tampered = planted.act ?? ((act: AnyAct) => act);
  const gate = new Gate({
    acts: [
      ...scopeActs({
        scopes: { ...provisioner, ...createScopeChanger({ registry, keyRing, clock }) },
        pauses: untouched(),
        keyRing,
        knownKeys: keyRing,
      }),
      ...keyActs({
        keyRing,
        knownKeys: keyRing,
        keys,
        compromises: createCompromiseReports({
          keyRing,
          keyUse: { use: async () => NO_USE },
          verifiers: { obedience: () => [] },
          onFailure: () => {},
        }),
      }),
      addRevocation({ revocations, ledger: untouched() }) as AnyAct,
    ].map((act) => tampered(watched(act, executions))),
    operators: () => [
      operatorNamed('alice'),
      operatorNamed('bob'),
      operatorNamed('carol', ['approver']),
      operatorNamed('dan', ['operator']),
    ],
    proposals: { durable: store.proposals, volatile: new VolatileProposals({ record: async () => {} }) },
    clock,
    timeGuard: STEADY,
    twoPersons: planted.twoPersons ?? true,
    lifetimeSeconds: PROPOSAL_SECONDS,
    maxOpen: 10_000,
    maxOpenOfOne: 10_000,
  });
  const steps = createReconcileSteps({
    changes,
    keyRing: ownRing,
    standbys: createStandbyKeeper(making),
    signer,
    served,
    turns: making.turns,
    leadership: SOLE_OWNER,
    clock,
    timeGuard: STEADY,
    graceSeconds: GRACE_SECONDS,
    failoverSeconds: FAILOVER_SECONDS,
  });
  const ledger = createLedger(store.records);
  const issuer = createTokenIssuer({
    keyRing,
    grants,
    signer,
    checker: { check: async (key, token) => isSignedBy(key, token) },
    ledger: planted.ledger?.(ledger) ?? ledger,
    revocations,
    holds,
    clock,
  });
  const verifying: VerifyingDeps = {
    keyRing,
    clock,
    ledger: createLedgerReader(store.ledger.lookups),
    revocations,
    alarm: { forged: async () => {}, unproven: async () => {} },
    facts: { record: () => {} },
    gaps: () => [],
    unproven: [],
    news: async () => false,
  };
  const verifier = createTokenVerifier(planted.verifying?.(verifying) ?? verifying);
  return {
    gate,
    provisioner,
    executions,
    issuer,
    verifier: planted.verifier?.(verifier, service) ?? verifier,
    /** Does all that is due for these scopes, but for what waits for a token that is away. */
    async reconcile(): Promise<void> {
      const isThere = (hsmToken: string) => keyRing.awaySeconds(hsmToken) === 0;
      const due = () => [
        ...steps.immediate(),
        ...signer.tokens.filter(isThere).flatMap((hsmToken) => steps.deferred(hsmToken)),
      ];
      for (let [next] = due(); next; [next] = due()) await next.run();
    },
  };
}

function watched(act: AnyAct, executions: Execution[]): AnyAct {
  return {
    ...act,
    execute(parameters, actor) {
      executions.push({ act: act.name, actor });
      return act.execute(parameters, actor);
    },
  };
}
