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
