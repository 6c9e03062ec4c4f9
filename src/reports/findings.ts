import type { KeyState, ProofStatus } from '../kernel/key.ts';
import type { RefusalReason } from '../kernel/verification.ts';

/** `unchecked`: no key of ours is named, or not the way that key signs. */
export const SIGNATURES = ['right', 'wrong', 'unchecked'] as const;
type Signature = (typeof SIGNATURES)[number];

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

/** A credential that was shown, with a right checksum. A decoy is told of as one that nobody has. */
export interface CredentialTrace {
  /** `client:<id>` or `operator:<id>`, which has it or had it; null where nobody here ever did. */
  readonly holder: string | null;
  /** Whether it opened anything when it was shown. */
  readonly live: boolean;
}

/**
 * What the service finds out of a token, and of credentials, that somebody reports. It holds no claim and no subject:
 * an erasure has nothing to look for here. JSON as it is stored.
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
  /** In what was shown as a token and in what was written; the first of them. */
  readonly credentials: readonly CredentialTrace[];
  /** PINs of HSM tokens that were shown, by their checksum of Keyward's making. Nobody can tell of which token. */
  readonly pins: number;
  /** Why some of it could not be found out, for another look; null where all could. */
  readonly failure: string | null;
}

/** As of what is no token, before anything else is known of it. */
export const NOTHING_FOUND: TokenFindings = {
  readable: false,
  signature: 'unchecked',
  verdict: null,
  key: null,
  record: null,
  revoked: false,
  around: null,
  credentials: [],
  pins: 0,
  failure: null,
};

/** Closed, for counting: what a report turned out to be about. */
export const REPORT_SUBJECTS = [
  'issued',
  'forged',
  'altered',
  'credential',
  'credential_unknown',
  'foreign',
  'unexamined',
  'no_token',
] as const;
type ReportSubject = (typeof REPORT_SUBJECTS)[number];

/**
 * `altered`: recorded as it is but for its signature. `credential`: one that was given out here, whatever else there is
 * with it. `credential_unknown`: of our making by its checksum, and nobody's; also a PIN. `foreign`: nothing of ours.
 * `unexamined`: the token went before it was looked into.
 */
export function reportSubject(
  report: { readonly digest: Uint8Array | null },
  findings: TokenFindings | null,
): ReportSubject {
  if (showsHeldCredential(findings)) return 'credential';
  const about = tokenSubject(report, findings);
  const isNothing = about === 'foreign' || about === 'no_token';
  return isNothing && secretsShown(findings) > 0 ? 'credential_unknown' : about;
}

/** Whether something of it was given out here, or signed by a key of ours. */
export function isOurs(findings: TokenFindings | null): boolean {
  if (!findings) return false;
  return findings.record !== null || findings.signature === 'right' || showsHeldCredential(findings);
}

/** Credentials and PINs, by their checksum of our making. */
export function secretsShown(findings: TokenFindings | null): number {
  return findings === null ? 0 : findings.credentials.length + findings.pins;
}

function showsHeldCredential(findings: TokenFindings | null): boolean {
  return findings?.credentials.some(({ holder }) => holder !== null) ?? false;
}

function tokenSubject(
  { digest }: { readonly digest: Uint8Array | null },
  findings: TokenFindings | null,
): ReportSubject {
  if (digest === null) return 'no_token';
  if (!findings) return 'unexamined';
  const { record, signature } = findings;
  if (record) return signature === 'wrong' ? 'altered' : 'issued';
  return signature === 'right' ? 'forged' : 'foreign';
}
