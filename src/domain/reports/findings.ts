import type { KeyState } from '../key.ts';
import type { ProofStatus } from '../known-keys.ts';
import type { RefusalReason } from '../refusal.ts';

/** `unchecked`: no key of ours is named, or not the way that key signs. */
export const SIGNATURES = ['right', 'wrong', 'unchecked'] as const;
export type Signature = (typeof SIGNATURES)[number];

/** A record of the ledger, as far as it names no person. */
export interface TokenTrace {
  readonly sequence: number | null;
  readonly scope: string;
  readonly kid: string;
  readonly jti: string;
  readonly client: string;
  readonly iat: number;
  readonly exp: number;
}

/** What was issued to a client, or for a subject, within some hours. */
export interface IssuedAround {
  readonly tokens: number;
  /** The first of them. */
  readonly listed: readonly TokenTrace[];
  /** False where there was more to read than was read: then it is at least as many. */
  readonly complete: boolean;
}

/** The client and the subject that the record names, from so long before its `iat` until so long after. */
export interface Surroundings {
  readonly from: number;
  readonly to: number;
  readonly client: IssuedAround;
  /** Null where the record keeps no subject. */
  readonly subject: IssuedAround | null;
}

/**
 * What the service finds out of a token that somebody reports. It holds no claim and no subject: an erasure has
 * nothing to look for here. JSON as it is stored.
 */
export interface TokenFindings {
  /** Whether it is a token at all. */
  readonly readable: boolean;
  readonly signature: Signature;
  /** The verifier's, for the scope of the key, or of the report where the key is not ours; null for no token. */
  readonly verdict: 'valid' | RefusalReason | null;
  /** The key that the token names, where it is one of ours; of another scope than the report's, too. */
  readonly key: {
    readonly kid: string;
    readonly scope: string;
    readonly state: KeyState;
    readonly proof: ProofStatus;
  } | null;
  /** Null: the ledger has no record of it. */
  readonly record: TokenTrace | null;
  readonly revoked: boolean;
  readonly around: Surroundings | null;
  /** Why some of it could not be found out, for another look; null where all could. */
  readonly failure: string | null;
}

/** Closed, for counting: what a report turned out to be about. */
export const REPORT_SUBJECTS = ['issued', 'forged', 'altered', 'foreign', 'unexamined', 'no_token'] as const;
export type ReportSubject = (typeof REPORT_SUBJECTS)[number];

/**
 * `altered`: recorded as it is but for its signature. `foreign`: nothing of ours. `unexamined`: the token went before
 * it was looked into.
 */
export function reportSubject(
  { digest }: { readonly digest: Uint8Array | null },
  findings: TokenFindings | null,
): ReportSubject {
  if (digest === null) return 'no_token';
  if (!findings) return 'unexamined';
  const { record, signature } = findings;
  if (record) return signature === 'wrong' ? 'altered' : 'issued';
  return signature === 'right' ? 'forged' : 'foreign';
}
