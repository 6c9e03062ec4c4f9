import type { KeyState } from './key.ts';

/**
 * A revocation as verifiers may know it: hashes in place of names, so that nobody learns a `jti` or a root event
 * whose token they do not hold.
 */
export interface RevokedTokens {
  readonly sequence: number;
  /** SHA-256 of the `jti`, base64url; null where the rule names none. */
  readonly jtiHash: string | null;
  /** The same of the value of the scope's root claim. */
  readonly rootHash: string | null;
  readonly issuedFrom: number | null;
  readonly issuedUntil: number | null;
  /** The rule looks at what no token shows, so only the service can tell whether one fits. */
  readonly ask: boolean;
  readonly lapsesAt: number | null;
}

export interface KeyStanding {
  readonly kid: string;
  readonly state: KeyState;
}

interface KeySetState {
  readonly version: number;
  /** Every key of the scope that is not destroyed and not out of service, newest first. */
  readonly keys: readonly KeyStanding[];
}

/** What verifiers of one scope are told. */
export type ScopeEvent =
  /** All that holds now. The revocations go on in `revocations` for as long as there are `more`. */
  | ({
      readonly type: 'snapshot';
      readonly rootClaim: string | null;
      readonly revocations: readonly RevokedTokens[];
      readonly more: boolean;
      /** There are too many to tell: only the service can say whether a token is revoked. */
      readonly incomplete: boolean;
    } & KeySetState)
  | {
      readonly type: 'revocations';
      readonly revocations: readonly RevokedTokens[];
      readonly more: boolean;
      readonly incomplete: boolean;
    }
  /** What was missed has been told; the version of the key set is this one. */
  | { readonly type: 'resumed'; readonly version: number }
  | ({ readonly type: 'key_set' } & KeySetState)
  | { readonly type: 'compromised' | 'suspended'; readonly kid: string; readonly version: number }
  | { readonly type: 'revoked'; readonly revocation: RevokedTokens };

export interface EventMessage {
  /** Where to resume after this; null where that would leave a gap. */
  readonly id: string | null;
  readonly event: ScopeEvent;
}

/** One verifier's way to the events of one scope (I3). */
export interface EventFeed {
  /** What was missed since, or all that holds now; made one by one, as the connection takes them. */
  readonly opening: Iterator<EventMessage>;
  /** What happens from now on, in the turn in which it does. Answers how to stop. */
  follow(told: (message: EventMessage) => void): () => void;
}

export interface ScopeEvents {
  /** `lastEventId` as the verifier sends it: one that is too old, or of another process, gets all that holds now. */
  open(scopeId: string, lastEventId: string | undefined): EventFeed;
}

/** One process of a relying service that verifies tokens of a scope by itself. */
export interface Verifier {
  readonly scopeId: string;
  readonly clientId: string;
  /** Tells the processes of one client apart, in its own words. */
  readonly instance: string;
}

export interface VerifierStanding extends Verifier {
  /** Seconds since the epoch; null where it does not follow the events now. */
  readonly connectedSince: number | null;
  /** The newest key-set version that it said it holds; null where it has not said. */
  readonly version: number | null;
  readonly versionSince: number | null;
  readonly lastSeen: number;
  /**
   * Since when it follows the events without holding the version that is published, in seconds; null where it holds
   * it, or does not follow.
   */
  readonly lagsForSeconds: number | null;
}

/** How one verifier followed a change of the key set. */
export interface Obedience extends Verifier {
  readonly connected: boolean;
  /** From the change until it said that it holds that version or a later one; null where it has not. */
  readonly tookMs: number | null;
}

/** Which verifier holds which key set, in memory and bounded: it begins anew with each start. */
export interface VerifierDirectory {
  /** The verifier follows the events from now on, until the answer is called. */
  connected(verifier: Verifier): () => void;
  /** The verifier holds that version of the key set. */
  holds(verifier: Verifier, version: number): void;
  /** Of one scope or of all; connected ones first. */
  list(scopeId?: string): readonly VerifierStanding[];
  /** Every verifier that was connected at the change to that version, or came or answered since. */
  obedience(scopeId: string, version: number): readonly Obedience[];
}

/** A document as verifiers fetch it, composed once and served from memory. */
export interface PublishedDocument {
  readonly contentType: string;
  readonly body: string;
  /** Quoted strong entity tag (RFC 9110 §8.8.3). */
  readonly etag: string;
  readonly maxAgeSeconds: number;
}

/** Always of one scope (I3). Undefined where the scope does not exist or has no such document. */
export interface Publication {
  /** RFC 7517. */
  keySet(scopeId: string): PublishedDocument | undefined;
  /** The same set signed by the registry key, typ `jwk-set+jwt`. */
  signedKeySet(scopeId: string): Promise<PublishedDocument | undefined>;
  /** RFC 8414 and OpenID Discovery; only for a scope whose issuer is the URL it is served under. */
  openidConfiguration(scopeId: string): PublishedDocument | undefined;
}
