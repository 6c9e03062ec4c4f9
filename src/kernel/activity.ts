import type { Actor } from './actor.ts';
import type { ErrorCode } from './errors.ts';
import type { RecordedToken } from './issuance.ts';
import type { KeyState } from './key.ts';
import type { Scope } from './scope.ts';
import type { RefusalReason } from './verification.ts';

interface Counted {
  /** Seconds since the epoch; of several alike, the first. */
  readonly at: number;
  /** How many were alike since the facts were last taken. */
  readonly count: number;
}

/** Tokens released to a client. */
interface IssuedFact extends Counted {
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
  readonly token: SignedTokenFact | null;
}

/** What is known of a token that one of our keys has signed. */
export interface SignedTokenFact {
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
interface RefusedFact extends Counted {
  readonly kind: 'refused';
  readonly plane: 'data' | 'operations';
  readonly code: ErrorCode;
  /** `client:<id>` or `operator:<id>`; null where the credential told nobody. */
  readonly caller: string | null;
  readonly remote: string | null;
}

/** Requests whose credential was right. */
interface AuthenticatedFact extends Counted {
  readonly kind: 'authenticated';
  /** `client:<id>` or `operator:<id>`. */
  readonly caller: string;
  readonly remote: string | null;
}

/** What a client is, may do or shows was changed by the security team. */
interface ChangedFact extends Counted {
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

/** A request that was turned away for who asked, or an administrative act that was refused. */
export interface RefusedRequest {
  readonly plane: 'data' | 'operations';
  readonly method: string;
  /** The path as documented, never as asked. */
  readonly route: string;
  readonly code: ErrorCode;
  /** Client or operator, where the credential told. */
  readonly caller: string | undefined;
  readonly remote: string | undefined;
  readonly requestId: string;
  readonly traceId?: string | undefined;
}

/** Told of each; it must neither throw nor wait. */
export interface RefusalWatch {
  refused(request: RefusedRequest): void;
}

/** Where somebody showed a secret that opened nothing. */
export interface RejectedSecret {
  /** The `Authorization` header, or the body. Nothing of it is stored or logged. */
  readonly text: string;
  readonly use: 'authentication' | 'verify' | 'introspect' | 'revoke';
  /** `client:<id>`, where one was authenticated. */
  readonly caller: string | null;
  readonly remote: string | undefined;
  readonly requestId: string;
}

/** Told of who asks, let in or turned away; it must neither throw nor wait. */
export interface RequestObserver extends RefusalWatch {
  /** A request whose credential was right. `caller` as `client:<id>` or `operator:<id>`. */
  authenticated(caller: string, remote: string | undefined): void;
  /** Once the answer has been given, on every path, whatever it was. */
  rejectedSecret(what: RejectedSecret): void;
}

/** A token with a right signature. */
export interface UnrecordedToken {
  readonly scope: Scope;
  readonly kid: string;
  /** SHA-256 of the signing input. */
  readonly digest: Buffer;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** One that the issuer does not remember as it is. */
export interface Forgery extends UnrecordedToken {
  /** What is recorded under the digest; undefined where nothing is. */
  readonly record: RecordedToken | undefined;
}

export interface ForgeryAlarm {
  /** Settles once what follows from it is done. Never rejects: the token is refused whatever happens here. */
  forged(forgery: Forgery): Promise<void>;
  /** The same of a token that was forged unless its record is lost: people are told, and the key stays in use. */
  unproven(token: UnrecordedToken): Promise<void>;
}

/** Takes a key out of use for an investigation: it neither signs nor verifies from the moment this settles. */
export interface KeySuspender {
  /** Nothing where the key is in no state to be suspended. `store_unavailable`, `overloaded`. */
  suspend(kid: string, why: string, actor: Actor): Promise<void>;
}
