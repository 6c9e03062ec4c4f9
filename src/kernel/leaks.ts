import type { Actor, CredentialKind } from './actor.ts';

/** A string that was found where it should not be, by what names it here: never the string itself. */
export type LeakQuery =
  | { readonly of: 'credential'; readonly digest: Buffer }
  /** By its signing input's digest and its `iat`. */
  | { readonly of: 'token'; readonly digest: Buffer; readonly iat: number };

/** Who says that they found strings, for what watches: it changes no answer. */
export interface LeakReporter {
  /** `partner:<name>`, `operator:<id>`; null for a report of people, who give no name. */
  readonly reportedBy: string | null;
  readonly remote: string | undefined;
  readonly requestId: string | null;
  /** Of each string, in order. */
  readonly places: readonly string[];
}

interface Known {
  readonly digest: Buffer;
  /** Whether it opens anything now. */
  readonly live: boolean;
}

/** What Keyward knows of such a string. */
export type KnownSecret =
  | (Known & {
      readonly kind: 'client_credential' | 'operator_credential';
      readonly holderId: string;
      /** Those of the client's grants. */
      readonly scopes: readonly string[];
    })
  | (Known & {
      readonly kind: 'token';
      readonly scopeId: string;
      readonly kid: string;
      readonly clientId: string;
      readonly jti: string;
      readonly exp: number;
    });

/** Where it was found and who says so. */
export interface LeakPlace {
  /** An address of it, or file and byte. */
  readonly place: string;
  /** What kind of place, such as `commit`. */
  readonly source: string;
  /** `partner:<name>`, `report:<number>` or an operator's id. */
  readonly reportedBy: string;
}

/** A PIN of an HSM token that was found, by its form or by a PIN file. The service compares nothing. */
export interface FoundPin extends Pick<LeakPlace, 'place' | 'source'> {
  /** SHA-256 of a PIN that Keyward made. Null for any other: a short PIN could be guessed by its digest. */
  readonly digest: Buffer | null;
}

/** What is done about strings that leaked. */
export interface LeakService {
  /** In order; undefined for what was never given out here. `ledger_unavailable`, `overloaded`. */
  find(query: readonly LeakQuery[], by?: LeakReporter): Promise<readonly (KnownSecret | undefined)[]>;
  /** As `find`, for an operator, and written down with how many: `store_unavailable`. */
  lookUp(
    query: readonly LeakQuery[],
    by: LeakReporter,
    actor: Actor,
  ): Promise<readonly (KnownSecret | undefined)[]>;
  /** Raises `credential.leaked`, once for each. */
  report(known: KnownSecret, place: LeakPlace): Promise<void>;
  /**
   * Raises `credential.leaked` on the word of an operator or a partner: once for each digest, and one event for all that
   * have none. Past ten a minute of one partner, one event without a digest stands for the others. `store_unavailable`.
   */
  reportPins(pins: readonly FoundPin[], actor: Actor): Promise<void>;
  /** Revokes it as well, if it opens anything: the client or operator with the credential, the token alone. */
  withdraw(known: KnownSecret, place: LeakPlace, actor: Actor): Promise<void>;
}

/** Who holds a credential, in memory. */
export interface CredentialHolders {
  /** Also of one that was replaced or revoked. */
  holderOf(digest: Buffer):
    | {
        readonly kind: CredentialKind;
        readonly id: string;
        readonly opens: boolean;
        readonly scopes: readonly string[];
      }
    | undefined;
}

/** Who may report leaks without a credential: they sign what they send. */
export interface LeakPartners {
  /** Whether a partner has a key of that id: only then is a body worth reading. */
  knows(keyId: string): boolean;
  /** The partner whose key signed the body, ECDSA with P-256 and SHA-256; undefined for anybody else. */
  partnerOf(signed: {
    readonly keyId: string;
    /** DER, base64. */
    readonly signature: string;
    readonly body: Buffer;
  }): string | undefined;
}
