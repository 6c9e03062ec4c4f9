import type { Actor } from '../kernel/actor.ts';
import type { PublicJwk } from '../kernel/key.ts';
import type { KnownKey } from './known-keys.ts';
import type { KeyEvidence } from '../kernel/signer.ts';

/** What there is to show of one key, to whoever asks for proof. */
export interface ProvenKey extends KeyEvidence {
  readonly known: KnownKey;
  readonly nonce: string;
  /** Compact JWS of typ `kw-evidence+jwt` by the audit key; null where the key is not proven. */
  readonly evidence: string | null;
  /** Who signed the evidence, and who the binding record: to be believed by their thumbprints alone. */
  readonly auditJwk: PublicJwk;
  readonly bindingJwk: PublicJwk;
}

export interface KeyProver {
  /** Reads the key anew in the HSM; one that is not as it must be stops serving. `unknown_key`, `hsm_unavailable`. */
  prove(kid: string, nonce: string, actor: Actor): Promise<ProvenKey>;
}
