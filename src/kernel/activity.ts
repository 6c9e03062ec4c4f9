import type { ErrorCode } from './errors.ts';
import type { KeyState } from './key.ts';
import type { RefusalReason } from './verification.ts';

interface Counted {
  /** Seconds since the epoch; of several alike, the first. */
  readonly at: number;
  /** How many were alike since the facts were last taken. */
  readonly count: number;
}

/** Tokens released to a client. */
export interface IssuedFact extends Counted {
  readonly kind: 'issued';
  readonly client: string;
  readonly scope: string;
}

/** A verdict on a token. */
export interface VerifiedFact extends Counted {
  readonly kind: 'verified';
  /** Null where nobody in particular presented it. */
  readonly client: string | null;
  /** The scope that it was presented for. */
  readonly scope: string;
  /** Null for a token that is good. */
  readonly reason: RefusalReason | null;
  /** A header member that no honest issuer of ours writes. */
  readonly suspiciousHeader: string | null;
  /** Of a refused token whose signature was found right, by whichever key of ours it names. */
  readonly token: GenuineFact | null;
}

/** What is known of a token that one of our keys has signed. */
export interface GenuineFact {
  /** SHA-256 of the signing input, base64url. */
  readonly digest: string;
  readonly kid: string;
  readonly keyState: KeyState;
  /** The scope of the key. */
  readonly keyScope: string;
  /** The signing window of the key; `signFrom` is null where it never signed. */
  readonly signFrom: number | null;
  readonly signUntil: number;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Whether issuer and audience in it are those of the scope that it was presented for. */
  readonly namesScope: boolean;
  /** Whether the ledger has it; null where that could not be told. */
  readonly recorded: boolean | null;
}

/** Requests that were turned away for who asked. */
export interface RefusedFact extends Counted {
  readonly kind: 'refused';
  readonly plane: 'data' | 'operations';
  readonly code: ErrorCode;
  /** `client:<id>` or `operator:<id>`; null where the credential told nobody. */
  readonly caller: string | null;
  readonly remote: string | null;
}

/** Requests whose credential was right. */
export interface AuthenticatedFact extends Counted {
  readonly kind: 'authenticated';
  /** `client:<id>` or `operator:<id>`. */
  readonly caller: string;
  readonly remote: string | null;
}

/** What a client is, may do or shows was changed by the security team. */
export interface ChangedFact extends Counted {
  readonly kind: 'changed';
  readonly caller: string;
  /** Whether it is revoked now. */
  readonly revoked: boolean;
}

/** What detections see. */
export type Fact = IssuedFact | VerifiedFact | RefusedFact | AuthenticatedFact | ChangedFact;

type Single<F> = F extends Fact ? Omit<F, 'count'> : never;
/** One of them as it happens. */
export type Happening = Single<Fact>;

/** Where the service tells what happens. It neither throws nor waits: issuing is in no way delayed by it. */
export interface Activity {
  record(happening: Happening): void;
}
