import { algorithmNamed } from '../kernel/algorithm.ts';
import { POLICY_BOUNDS } from '../kernel/policy.ts';
import { canaryLabel, scopeLabel } from '../kernel/scope.ts';
import { BINDING_TYP, type BindingIssuer } from '../token/binding-record.ts';
import { CHECKPOINT_TYP, isCheckpoint } from '../token/checkpoint.ts';
import { KEY_EVIDENCE_TYP, keyEvidenceIn } from '../token/key-evidence.ts';
import { thumbprint } from '../token/public-jwk.ts';
import { KEY_SET_TYP, MAX_KEY_SET_LENGTH } from '../token/published-key-set.ts';
import {
  isHeadStatement,
  isProbe,
  isRowStatement,
  PROBE_TYP,
  REGISTRY_HEAD_TYP,
  REGISTRY_ROW_TYP,
} from '../token/registry-statement.ts';
import { isRunCertificate, RUN_TYP } from '../token/run-certificate.ts';
import { type Claims, SERVICE_ALGORITHM } from '../token/statement.ts';
import { CKA, findKeyPair, ifReadable, ObjectReader } from './attributes.ts';
import type { Handle } from './cryptoki.ts';
import { readPublicKey } from './examine.ts';
import {
  type Guard,
  type OwnClock,
  readSigningInput,
  refuse,
  requireHeader,
  requireThat,
  type Sealing,
} from './guard.ts';
import type { Hsm } from './hsm.ts';
import { requireTrueKeySet } from './key-set-guard.ts';
import { AUDIT_LABEL, BINDING_LABEL, REGISTRY_LABEL } from './protocol.ts';
import type { Sealed, SealedRecord, SignerState } from './state/signer-state.ts';

/** What the guards of the service's own keys need beside the input. */
export interface Guarding {
  readonly hsm: Pick<Hsm, 'cryptoki' | 'newPairs'>;
  readonly state: SignerState;
  readonly clock: OwnClock;
  /** The keys that bind the keys of other HSM tokens. */
  readonly others: readonly BindingIssuer[];
}

interface GuardContext extends Guarding {
  readonly session: Handle;
  readonly signingInput: string;
  readonly bindingRecords: readonly string[];
  /** Whose binding records the keys of a set may have. */
  readonly bindingIssuers: ReadonlyMap<string, BindingIssuer>;
}

type ContentCheck = (claims: Claims, context: GuardContext) => Sealing | undefined;

/** What each of the service's own keys signs, by its label: these types and no other. */
const TYPES_BY_LABEL = new Map<string, ReadonlyMap<unknown, ContentCheck>>([
  [
    REGISTRY_LABEL,
    new Map<unknown, ContentCheck>([
      [BINDING_TYP, requireTrueBinding],
      [KEY_SET_TYP, requireNewestKeySet],
      [PROBE_TYP, dated((claims) => requireThat(isProbe(claims), 'it is more than a probe'))],
      [REGISTRY_ROW_TYP, requireNextRow],
      [REGISTRY_HEAD_TYP, requireNextHead],
    ]),
  ],
  [
    BINDING_LABEL,
    new Map<unknown, ContentCheck>([
      [BINDING_TYP, requireTrueBinding],
      // While the registry key is away.
      [KEY_SET_TYP, requireNewestKeySet],
    ]),
  ],
  [
    AUDIT_LABEL,
    new Map<unknown, ContentCheck>([
      [CHECKPOINT_TYP, requireNextCheckpoint],
      [RUN_TYP, dated((claims) => requireThat(isRunCertificate(claims), 'it is no certificate of a run'))],
      [KEY_EVIDENCE_TYP, dated((claims, { bindingIssuers }) => requireTrueEvidence(claims, bindingIssuers))],
    ]),
  ],
]);

/** What one of the service's own keys may sign: the types that its label stands for. */
export function guardOfService(label: string, key: BindingIssuer, guarding: Guarding): Guard {
  const types = TYPES_BY_LABEL.get(label);
  const bindingIssuers = new Map(
    [key, ...guarding.others].map((bindingIssuer) => [bindingIssuer.kid, bindingIssuer]),
  );
  return (signingInput, session, bindingRecords) => {
    const { header, claims } = readSigningInput(signingInput, MAX_KEY_SET_LENGTH);
    requireHeader(header, key.kid, SERVICE_ALGORITHM);
    const check = types?.get(header.typ) ?? refuse('typ is not one that this key signs');
    return check(claims, { ...guarding, session, signingInput, bindingRecords, bindingIssuers });
  };
}

/** A statement that is remembered by nobody, but dated. */
function dated(check: (claims: Claims, context: GuardContext) => void): ContentCheck {
  return (claims, context) => {
    check(claims, context);
    context.clock.requireNear(claims.iat, 'iat');
    return undefined;
  };
}

/** A set without keys is remembered by nobody: its scope is the front's word alone. */
function requireNewestKeySet(claims: Claims, context: GuardContext): Sealing {
  const { bindingRecords, bindingIssuers, clock, state } = context;
  const { scope, version } = requireTrueKeySet(claims, bindingRecords, bindingIssuers);
  clock.requireNear(claims.iat, 'iat');
  state.keySets.requireNotOlder(scope, version);
  return {
    keep: () => {
      if (bindingRecords.length > 0) state.keySets.keep(scope, version);
    },
  };
}

function requireNextCheckpoint(claims: Claims, context: GuardContext): Sealing {
  requireThat(isCheckpoint(claims), 'it is no checkpoint');
  return sealing('checkpoint', context, (sealed) => {
    sealed.requireNextCheckpoint(claims);
    context.clock.requireNear(claims.iat, 'iat');
  });
}

function requireNextRow(claims: Claims, { state }: GuardContext): undefined {
  requireThat(isRowStatement(claims), 'it states no row of the registry');
  state.sealed.requireNextVersion(claims);
}

function requireNextHead(claims: Claims, context: GuardContext): Sealing {
  requireThat(isHeadStatement(claims), 'it states no head of the registry');
  return sealing('head', context, (sealed) => sealed.requireNextVersion(claims));
}

/** The same statement again gets the same signature; another one must be the next. */
function sealing(
  kind: keyof Sealed,
  { state: { sealed }, signingInput }: GuardContext,
  requireNext: (sealed: SealedRecord) => void,
): Sealing {
  const signature = sealed.signatureOf(kind, signingInput);
  if (!signature) requireNext(sealed);
  return { signature, keep: (made) => sealed.keep(kind, `${signingInput}.${made.toString('base64url')}`) };
}

/**
 * A binding record may only repeat what the HSM says of the key: the label it was made with names the scope, and
 * the kid is its public key's. So not even a front gone bad can have a key bound to another scope. The key is one
 * that this signer generated, and bound once, from now on.
 */
function requireTrueBinding(
  claims: Claims,
  { hsm: { cryptoki, newPairs }, session, state, clock, signingInput }: GuardContext,
): Sealing {
  const { kid, scope, issuer, audience, alg, hsm_id: hsmId } = claims;
  if (!isText(scope) || !isText(issuer) || !isText(audience)) refuse('the record names no scope');
  if (!isText(hsmId) || !isText(kid) || !isText(alg)) refuse('the record names no key');
  const algorithm = algorithmNamed(alg) ?? refuse('the record names no known algorithm');
  requireBounds(claims);
  const { privateKeys, publicKeys } = newPairs.get(hsmId) ?? findKeyPair(cryptoki, session, hsmId);
  const [privateKey, publicKey] = [privateKeys[0], publicKeys[0]];
  if (!privateKey || !publicKey || privateKeys.length + publicKeys.length !== 2) {
    refuse('the HSM does not hold exactly one key under the id of the record');
  }
  const label = scopeLabel({ id: scope, issuer, audience });
  for (const half of [privateKey, publicKey]) {
    const made = ifReadable(() => new ObjectReader(cryptoki, session, half).text(CKA.LABEL));
    requireThat(made !== canaryLabel(hsmId), 'the key is a decoy');
    requireThat(made === label, 'the key was made for another scope than the record names');
  }
  const jwk = ifReadable(() => readPublicKey(new ObjectReader(cryptoki, session, publicKey), algorithm));
  requireThat(
    jwk !== undefined && thumbprint(jwk) === kid,
    'kid is not that of the key under the id of the record',
  );
  state.keys.requireBindable(hsmId, kid, signingInput);
  clock.requireNear(claims.iat, 'iat');
  clock.requireNear(claims.sign_from, 'sign_from');
  return { keep: () => state.keys.bound(hsmId, signingInput) };
}

/** The audit key stands for a proof only where all that it holds was verified, the key's own signature included. */
function requireTrueEvidence(claims: Claims, bindingIssuers: GuardContext['bindingIssuers']): void {
  try {
    keyEvidenceIn(claims, bindingIssuers);
  } catch (error) {
    refuse(error instanceof Error ? error.message : 'the statement cannot be read');
  }
}

const [, LONGEST_CRYPTOPERIOD] = POLICY_BOUNDS.cryptoperiodSeconds;
const [, LONGEST_TTL] = POLICY_BOUNDS.maxTtlSeconds;

/** The window and the lifetime are the front's word, so no policy's bounds are passed; a standby has two periods. */
function requireBounds({ sign_from, sign_until, max_ttl_seconds }: Claims): void {
  const period = Number(sign_until) - Number(sign_from);
  requireThat(period <= 2 * LONGEST_CRYPTOPERIOD, 'the signing window is longer than any policy allows');
  requireThat(Number(max_ttl_seconds) <= LONGEST_TTL, 'the lifetime is longer than any policy allows');
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
