import type { GitObject } from '../../scan/git-objects.ts';
import type { GitPlace } from '../../scan/git-places.ts';

/** Every kind of finding, as it is shown. Levels are those of SARIF 2.1.0. */
export const FINDING_KINDS = {
  client_credential: { level: 'error', title: 'Credential of a Keyward client' },
  operator_credential: { level: 'error', title: 'Credential of a Keyward operator' },
  token_live: { level: 'error', title: 'Token on record that is accepted now' },
  token_recorded: { level: 'note', title: 'Token on record that is accepted no more' },
  token_unchecked: { level: 'warning', title: 'What may be a live token; the service was not asked' },
  pin: { level: 'error', title: 'PIN of an HSM token' },
  private_key: { level: 'error', title: 'Private key' },
  encrypted_private_key: { level: 'warning', title: 'Private key under a passphrase' },
} as const;

export type FindingKind = keyof typeof FINDING_KINDS;

/** What a place lies in, where its name does not say it. */
export interface Within {
  /** What of the place names an entry of an archive, behind the file and `!`. */
  readonly entry?: string;
  /** The object of a repository. */
  readonly object?: GitObject & GitPlace;
}

/** Where something stands: a file or an entry of an archive, with the byte at which it begins. */
export interface Place extends Within {
  readonly place: string;
  readonly offset: number;
  readonly line: number | null;
}

/** Of the secret it shows no more than what tells its kind. */
export interface Finding extends Place {
  readonly kind: FindingKind;
  readonly excerpt: string;
  /** What the service knows of it, such as `client:payments-identity`. */
  readonly about: string | null;
  /** For a file that `--ignore-file` names. Null for the PIN of `--pin-file`, which could be guessed by it. */
  readonly fingerprint: string | null;
}

/** What a scan came to. */
export interface ScanReport {
  readonly findings: readonly Finding[];
  /** Findings beyond those that are listed. */
  readonly more: number;
  /** What was not read, or not asked, and why: it may hold anything. */
  readonly skipped: readonly (Within & { readonly place: string; readonly why: string })[];
  /** What the scan was not asked to read, and somebody may think that it was. */
  readonly notes: readonly { readonly place: string; readonly note: string }[];
  readonly read: { readonly contents: number; readonly bytes: number };
}
