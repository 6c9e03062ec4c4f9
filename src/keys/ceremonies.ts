import { type AuditLog, type AuditTrail, actOf, type StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { type KeyRing, type KnownKeys, requireScope } from '../kernel/key.ts';
import type { KeyProver } from '../kernel/key-proof.ts';
import type { Signer } from '../kernel/signer.ts';
import { composeKeyEvidence, keyEvidenceIn } from '../token/key-evidence.ts';
import type { Ceremonies, Ceremony, CeremonyKey } from './key-administration.ts';
import { type KeyRingKeeper, referenceTo } from './key-ring.ts';
import type { BindingKeys, OpenedKey } from './registry-key.ts';

interface CeremonyDeps {
  readonly keyRing: Pick<KeyRing, 'scope'> & Pick<KnownKeys, 'knownKey'>;
  readonly audit: Pick<AuditLog, 'lastAbout'>;
  readonly bindingKeys: BindingKeys;
}

interface RecordedKey {
  readonly kid: string;
  readonly state: string;
  readonly statement: string;
}

export function createCeremonies(deps: CeremonyDeps): Ceremonies {
  return {
    async of(scopeId) {
      const scope = requireScope(deps.keyRing, scopeId);
      const event = await deps.audit.lastAbout(`scope:${scopeId}`, 'scope.created');
      if (!event) throw unrecorded();
      const details = auditDetailsIn(event.detailsJson);
      const keys = recordedKeys(details.keys).map((recorded) => ceremonyKey(deps, recorded, event));
      return { scope, event, approval: await approvalIn(deps, details), keys };
    },
  };
}

/** The event alone could have been changed since: that the key signed for it, and for which scope, is checked anew. */
function ceremonyKey(
  { keyRing, bindingKeys }: CeremonyDeps,
  { kid, state, statement }: RecordedKey,
  { time, subject }: StoredEvent,
): CeremonyKey {
  const key = keyRing.knownKey(kid)?.key;
  if (!key || `scope:${key.scopeId}` !== subject) {
    throw new KeywardError(
      'registry_refused',
      `the registry has no key ${kid} of this scope; look at the log`,
    );
  }
  const bindingIssuer = bindingKeys.of(key.hsmToken);
  const { proof } = keyEvidenceIn(
    {
      iat: time,
      jwk: key.publicJwk,
      proof: statement,
      binding_record: key.bindingRecord,
      state,
      hsm_token: key.hsmToken,
    },
    new Map([[bindingIssuer.kid, bindingIssuer]]),
  );
  return { key, stateThen: state, proof, statement, bindingJwk: bindingIssuer.publicJwk };
}

function recordedKeys(keys: unknown): readonly RecordedKey[] {
  const recorded = (Array.isArray(keys) ? keys : []).map(recordedKey);
  if (recorded.length === 0) throw unrecorded();
  return recorded;
}

function recordedKey(of: unknown): RecordedKey {
  const { kid, state, proof } = membersOf(of);
  const { statement } = membersOf(proof);
  if (typeof kid === 'string' && typeof state === 'string' && typeof statement === 'string') {
    return { kid, state, statement };
  }
  throw unrecorded();
}

async function approvalIn(
  { audit }: CeremonyDeps,
  { proposal, approved_by: approvedBy }: Readonly<Record<string, unknown>>,
): Promise<Ceremony['approval']> {
  if (typeof proposal !== 'string' || typeof approvedBy !== 'string') return null;
  const opened = await audit.lastAbout(`proposal:${proposal}`, 'proposal.opened');
  return { proposalId: proposal, approvedBy, proposedAt: opened?.time ?? null };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function unrecorded(): KeywardError {
  return new KeywardError(
    'ceremony_unrecorded',
    'what the HSM showed when this scope was made is not on record; prove its keys to see what it shows now',
  );
}

interface KeyProvingDeps {
  readonly signer: Pick<Signer, 'prove'>;
  readonly keyRing: KeyRingKeeper;
  readonly auditKey: OpenedKey;
  readonly bindingKeys: BindingKeys;
  readonly audit: AuditTrail;
  readonly clock: Clock;
}

export function createKeyProver(deps: KeyProvingDeps): KeyProver {
  const { signer, keyRing, auditKey, bindingKeys, audit, clock } = deps;
  return {
    async prove(kid, nonce, actor) {
      const key = keyRing.knownKey(kid)?.key;
      if (!key) {
        throw new KeywardError('unknown_key', `there is no key ${kid}; list them to see which there are`);
      }
      const bindingJwk = bindingKeys.of(key.hsmToken).publicJwk;
      const found = await signer.prove(referenceTo(key), nonce);
      const { proof, statement } = found;
      // That a key is missing is for a fresh process to say.
      if (proof.found && !proof.proven) keyRing.applyProofs([proof]);
      const { publicJwk, bindingRecord, state, hsmToken } = key;
      const evidence =
        statement === null
          ? null
          : await auditKey.sign(
              composeKeyEvidence(
                { publicJwk, proof: statement, bindingRecord, state, hsmToken, iat: clock.nowSeconds() },
                auditKey.kid,
              ),
            );
      const details = { proven: proof.proven, nonce, hsm_token: hsmToken };
      await audit.record(actOf(actor, 'key.proved', `key:${kid}`, details));
      const known = keyRing.knownKey(kid) ?? { key, proof: { status: 'unchecked', reasons: [] } };
      return { ...found, known, nonce, evidence, auditJwk: auditKey.publicJwk, bindingJwk };
    },
  };
}
