import type { CredentialKind } from '../kernel/actor.ts';

export type KeyFormat = 'pem' | 'jwk' | 'der' | 'pkcs12' | 'putty' | 'ssh2';

/** What a recogniser saw in some bytes. `secret` stays in this process: it is never printed. */
export type Sight = Readonly<
  | { kind: 'credential'; of: CredentialKind; secret: string }
  /** `digest` is the ledger's name for it; times are its own claims, rounded down. */
  | { kind: 'token'; secret: string; digest: Buffer; iat: number; exp: number | null }
  | { kind: 'private_key'; format: KeyFormat; label: string; encrypted: boolean; secret: string }
  /** `file`: the PIN file that holds it; null for one that is known by its form. */
  | { kind: 'pin'; secret: string; file: string | null }
>;

/** A sight with its place in what was read. */
export interface Found {
  /** In bytes from the start. */
  readonly offset: number;
  /** From 1; null where it is no text. */
  readonly line: number | null;
  readonly sight: Sight;
}

/** Finds in a text all there is of one kind; `at` is where it begins, in characters. */
export interface Recogniser {
  /** Without one of these the text holds none: looked for first, since that is quick. */
  readonly needles: readonly string[];
  /** Whether it knows base64 itself: it is not shown what was decoded. */
  readonly readsEncodings?: boolean;
  find(text: string): Iterable<{ readonly at: number; readonly sight: Sight }>;
}
