import type { Algorithm } from './algorithm.ts';
import type { Binding, PublicJwk } from './key.ts';
import type { AttributesRead } from '../domain/key-attributes.ts';

/** What a key says of itself: composed by the signer from what it read in the HSM, and signed with the key. */
export interface KeyProofStatement {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** `CKA_ID`, hex. */
  readonly hsmId: string;
  /** SHA-256 of the binding record that it was held against, base64url. */
  readonly bindingDigest: string;
  readonly attributes: AttributesRead;
  readonly mechanism: { readonly name: string; readonly number: number };
  readonly token: ProvingToken;
  /** The asker's own, so that nobody can show an older statement for it. */
  readonly nonce: string;
  /** By the signer's clock, seconds since the epoch. */
  readonly iat: number;
}

export interface ProvingToken {
  readonly label: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
}

/** A statement for an auditor, once everything in it was verified. */
export interface KeyEvidenceStatement {
  readonly proof: KeyProofStatement;
  readonly binding: Binding;
  readonly publicJwk: PublicJwk;
  /** What the registry said of it. */
  readonly state: string;
  /** The HSM token's name in the configuration. */
  readonly hsmToken: string;
  readonly iat: number;
}
