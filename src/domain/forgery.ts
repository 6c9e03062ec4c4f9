import type { RecordedToken } from './ledger.ts';
import type { Scope } from '../kernel/scope.ts';

/** A token with a right signature that the issuer does not remember as it is. */
export interface Forgery {
  readonly scope: Scope;
  readonly kid: string;
  /** SHA-256 of the signing input. */
  readonly digest: Buffer;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is recorded under the digest; undefined where nothing is. */
  readonly record: RecordedToken | undefined;
}

export interface ForgeryAlarm {
  /** Settles once what follows from it is done. Never rejects: the token is refused whatever happens here. */
  forged(forgery: Forgery): Promise<void>;
}
