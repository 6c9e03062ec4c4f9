import type { Actor } from '../kernel/actor.ts';
import type { CanaryKey } from '../keys/canary-keys.ts';
import type { Follow } from '../lib/emitter.ts';

/** What a decoy passes for. */
export const CANARY_KINDS = ['credential', 'token', 'key'] as const;
export type CanaryKind = (typeof CANARY_KINDS)[number];

/** Where the use of a decoy is noticed. */
export const CANARY_USES = [
  'authentication',
  'verify',
  'introspect',
  'revoke',
  'sighting',
  'report',
  'sign',
  'inventory',
  'leak',
] as const;
export type CanaryUse = (typeof CANARY_USES)[number];

/** A decoy: nobody has a right to use it, so whoever does found it where it was planted. */
export interface Canary {
  readonly id: string;
  readonly kind: CanaryKind;
  /** Where it was planted, in the words of whoever made it. */
  readonly planted: string;
  /** SHA-256 of the text of a credential, or of the signing input of a token. */
  readonly digest: Buffer | null;
  /** Of a token, or the one that a key passes for one of. */
  readonly scopeId: string | null;
  readonly key: CanaryKey | null;
  readonly createdBy: string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  /** From then on it raises no alarm. */
  readonly retiredAt: number | null;
}

/** Decoys, durable and signed as the registry is. Every change commits with its audit event (I10). */
export interface CanaryStore {
  /** The retired ones too, the oldest first. */
  readonly follow: Follow<readonly Canary[]>;
  /** `credential_taken` where the digest is that of a credential in use, or of another decoy. */
  add(canary: Canary, actor: Actor): Promise<void>;
  /** What the HSM made under the id that was reserved for it. */
  keyMade(id: string, made: NonNullable<CanaryKey['made']>, actor: Actor): Promise<void>;
  retire(id: string, retiredAt: number, actor: Actor): Promise<void>;
}

/** What is to be planted. */
export type WantedCanary =
  | { readonly kind: 'credential'; readonly planted: string; readonly digest: Buffer }
  | {
      readonly kind: 'token';
      readonly planted: string;
      readonly scopeId: string;
      /** In whose name it is recorded: it must hold the grant to sign. */
      readonly clientId: string;
      readonly claims: Readonly<Record<string, unknown>>;
      readonly ttlSeconds: number | undefined;
    }
  | { readonly kind: 'key'; readonly planted: string; readonly scopeId: string };

export interface PlantedCanary {
  readonly canary: Canary;
  /** Of a token: handed out this once, and revoked already. */
  readonly token: string | null;
}

export interface CanaryAdministration {
  /**
   * `invalid_canary`, `credential_taken`, and for a token whatever an issuer refuses with, for a key whatever the
   * HSM does.
   */
  create(wanted: WantedCanary, actor: Actor): Promise<PlantedCanary>;
  /** `unknown_canary`. Said by nobody but who knows its id. */
  find(id: string): Canary;
  /** Who looks is written down before anything is told. */
  list(actor: Actor): Promise<readonly Canary[]>;
  show(id: string, actor: Actor): Promise<Canary>;
  /** It raises no alarm any more; once more changes nothing. */
  retire(id: string, actor: Actor): Promise<Canary>;
}

/** Who used a decoy, and whence, as far as that is known. */
export interface CanaryTrigger {
  readonly use: CanaryUse;
  /** `client:<id>`, `operator:<id>` or `partner:<name>`. */
  readonly caller: string | null;
  readonly remote: string | undefined;
  readonly requestId: string | null;
  /** In what a key differs from how it was left, or where something was found; sentences. */
  readonly details?: readonly string[];
}

/** Told of each use; it neither throws nor waits. */
export interface CanaryAlarm {
  touched(canary: Canary, touch: CanaryTrigger): void;
}
