import type { Actor } from './actor.ts';
import type { Algorithm, ModulusBits } from './algorithm.ts';
import type { Placed, PublicJwk } from './key.ts';
import type { Span } from './trace.ts';

/** A key the signer shall serve: where it is, and the signed record that says what for. */
export interface KeyReference {
  readonly kid: string;
  /** `CKA_ID`, hex. */
  readonly hsmId: string;
  /** Compact JWS of typ `kw-binding+jwt` by the registry key. */
  readonly bindingRecord: string;
}

export type PlacedKey = KeyReference & Placed;

/** A key pair to be made. The caller has reserved `hsmId` in the registry before. */
export interface KeySpecification {
  readonly hsmId: string;
  readonly label: string;
  readonly algorithm: Algorithm;
  readonly modulusBits: ModulusBits | null;
}

/** What read-back showed (I7). `unproven` names each attribute that failed, or why there was none to read. */
export interface KeyProof {
  readonly kid: string;
  readonly proven: boolean;
  /**
   * False where the HSM shows no object of that id: an outage may look so, and it says nothing against the
   * public half. A key that is found and not proven is taken out of service.
   */
  readonly found: boolean;
  /** Attributes as read, by their PKCS#11 names; null where the module would not answer. */
  readonly attributes: Readonly<Record<string, boolean | string | number | null>>;
  readonly unproven: readonly string[];
}

export interface GeneratedKey {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly proof: KeyProof;
}

/** What the signer finds of one key, and the key itself says of it. */
export interface KeyEvidence {
  readonly proof: KeyProof;
  readonly token: TokenDescription;
  /** Compact JWS of typ `kw-proof+jwt` by the key; null where it is not proven, so that nothing is signed with it. */
  readonly statement: string | null;
}

/** One object of the HSM token, as the inventory lists it. */
export interface InventoryObject {
  readonly class: 'private_key' | 'public_key' | 'secret_key' | 'other';
  readonly hsmId: string | null;
  readonly label: string | null;
  /** Of a public key that could be read. */
  readonly kid: string | null;
}

export interface TokenDescription {
  readonly label: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  readonly algorithms: readonly Algorithm[];
  readonly sessions: number;
  /** Mechanisms by number, as the module lists them. */
  readonly mechanisms: readonly number[];
}

/** A mechanism of PKCS#11 that Keyward uses. Key sizes are null where the module does not say them. */
export interface MechanismReport {
  readonly name: string;
  readonly number: number;
  readonly algorithms: readonly Algorithm[];
  readonly supported: boolean;
  readonly smallestKey: number | null;
  readonly largestKey: number | null;
}

/** A PKCS#11 module and a token as they describe themselves, for people who do not have them. */
export interface ModuleReport {
  readonly library: {
    readonly description: string;
    readonly manufacturer: string;
    readonly version: string;
    readonly cryptokiVersion: string;
  };
  readonly token: {
    readonly manufacturer: string;
    readonly model: string;
    readonly hardware: string;
    readonly firmware: string;
    readonly flags: readonly string[];
  };
  /** Limits are null where there is none, or the token does not say it. */
  readonly sessions: {
    readonly used: number;
    readonly most: number | null;
    readonly mostReadWrite: number | null;
  };
  /** How the signer treats a module of that kind. */
  readonly profile: { readonly name: string; readonly offersOptional: boolean };
  readonly mechanisms: readonly MechanismReport[];
}

/** What came of making a key pair for trial. */
export interface KeyTrial {
  /** Where none was made: the module's answer, and the attributes that it will not have; null where one was. */
  readonly refused: { readonly answer: string; readonly attributes: readonly string[] } | null;
  /** Why such a key would not serve (I7). */
  readonly unproven: readonly string[];
  /** Median milliseconds of a few signatures; null where the key is not proven. */
  readonly signatureMs: number | null;
}

/** One HSM token as a process sees it that has just opened it: a long-lived one may be blind. */
export interface TokenInspection {
  readonly token: TokenDescription;
  readonly objects: readonly InventoryObject[];
  /** Of the keys that were asked for, each held against its binding record. */
  readonly proofs: readonly KeyProof[];
}

/** A key pair to be destroyed. */
export interface DestroyedKey {
  readonly hsmId: string;
  readonly kid: string;
  /** Null for a key that was never bound. */
  readonly bindingRecord: string | null;
}

export interface SigningRequest {
  /** For a caller: what the service signs for itself goes before it, and is not refused for it. */
  readonly forCaller?: true;
  readonly kid: string;
  /** `header.claims` of RFC 7515 §5.1, never a digest: the signer reads it (I8). */
  readonly signingInput: string;
  /** For a key set alone: the record of each key in it, in the same order. */
  readonly bindingRecords?: readonly string[];
  readonly span?: Span | undefined;
}

/** The last checkpoint and the last head of the registry that a signer sealed, as compact JWS; null for none. */
export interface SealedStatements {
  readonly checkpoint: string | null;
  readonly head: string | null;
}

/**
 * The one way to one HSM token. Every method fails with `hsm_unavailable` while the signer is away, and with
 * `overloaded` when its queue is full; the deadline of each call is the port's own.
 */
export interface TokenSigner {
  /** The signature in JOSE form. `binding_refused` where the input does not fit the key's binding record. */
  sign(request: SigningRequest): Promise<Buffer>;
  /** Makes a key pair and proves it. Never retried. */
  generate(specification: KeySpecification): Promise<GeneratedKey>;
  /**
   * Replaces the set of keys that the signer serves: each is found, held against its record, read back and
   * made to sign. An unproven key is left out and does not keep the others from serving.
   */
  serve(keys: readonly KeyReference[]): Promise<readonly KeyProof[]>;
  /** The same for these keys alone: those that serve already go on serving. One that is not proven now serves no more. */
  serveAlso(keys: readonly KeyReference[]): Promise<readonly KeyProof[]>;
  /** Takes keys out of service, by their `CKA_ID`. One that does not serve is no error. */
  release(hsmIds: readonly string[]): Promise<void>;
  /** Examines a key anew, whether it serves or not, and has it sign what was found. The nonce is the asker's own. */
  prove(key: KeyReference, nonce: string): Promise<KeyEvidence>;
  inventory(): Promise<readonly InventoryObject[]>;
  /**
   * Destroys what a generation that was cut short left under an id that the registry had reserved: there may
   * be no public half to match. Refused for the id of a key that is served.
   */
  discard(key: { readonly hsmId: string }): Promise<void>;
  /**
   * Destroys both halves, by exact handle, once the public key matches `kid`. Never retried by itself; asked again,
   * it finishes what was cut short, and a key that is gone is no error. A key that the signer does not remember needs
   * its binding record.
   */
  destroy(key: DestroyedKey): Promise<void>;
  /**
   * What this signer sealed last. `shown` is what the caller has of it: a signer that lost its state learns from
   * statements that its own keys signed.
   */
  sealed(shown: SealedStatements): Promise<SealedStatements>;
  describe(): Promise<TokenDescription>;
}

/**
 * All HSM tokens: each call goes to the signer of the token that it names, and the outage of one is no matter to
 * the others. `unknown_hsm_token` for one that the configuration does not name.
 */
export interface Signer extends Pick<TokenSigner, 'sign'> {
  /** In the order of the configuration, the first one first. */
  readonly tokens: readonly string[];
  generate(specification: KeySpecification & Placed): Promise<GeneratedKey>;
  /**
   * Replaces the keys in service on every token, or on the one named alone. Answers for the tokens that could be
   * asked; where none could, fails as the first of them did.
   */
  serve(keys: readonly PlacedKey[], hsmToken?: string): Promise<readonly KeyProof[]>;
  /** Of `keys`, those on that token. */
  serveAlso(keys: readonly PlacedKey[], hsmToken: string): Promise<readonly KeyProof[]>;
  release(hsmIds: readonly string[], hsmToken: string): Promise<void>;
  prove(key: PlacedKey, nonce: string): Promise<KeyEvidence>;
  inventory(hsmToken: string): Promise<readonly InventoryObject[]>;
  discard(key: { readonly hsmId: string } & Placed): Promise<void>;
  destroy(key: DestroyedKey & Placed): Promise<void>;
  /** By the first token's signer, which has the registry and the audit key. */
  sealed(shown: SealedStatements): Promise<SealedStatements>;
  describe(hsmToken: string): Promise<TokenDescription>;
}

/** SoftHSM, Kryoptic, NSS and openCryptoki's soft token, by what they call themselves. */
const SOFTWARE = /\b(?:SoftHSM|Kryoptic|NSS|Soft)\b/i;

/** Whether the token says of itself that it is a program, whose keys are files: a copy of them is a copy of it. */
export function isSoftwareHsm({
  manufacturer,
  model,
}: Pick<TokenDescription, 'manufacturer' | 'model'>): boolean {
  return SOFTWARE.test(manufacturer) || SOFTWARE.test(model);
}

/** Whether the PIN of an HSM token may be tried (I9). */
export interface PinLatch {
  /** `unreadable`: nobody knows, so it is not tried. */
  readonly state: 'clear' | 'attempting' | 'rejected' | 'unreadable';
  /** Attempts in a row whose answer is not known. */
  readonly attempts: number;
  /** Where several hosts try it, whose attempt it was. */
  readonly host?: string;
}

/** What a signer knows of its PIN before it tries it. */
export interface PinState extends PinLatch {
  /** The token has accepted the very PIN file that is there now. */
  readonly isAccepted: boolean;
  /** Of the last attempt; null where it had none. */
  readonly permit: PinPermission | null;
}

/** What one attempt at a PIN is known by, where other hosts try theirs. */
export interface PinPermission {
  /** Random. */
  readonly id: string;
  /** The last audit event by then: what clears latches later clears that of this attempt. */
  readonly after: number;
}

export interface PinTerms {
  readonly permit: PinPermission;
  /** Only a PIN file that the token has accepted. */
  readonly onlyAccepted: boolean;
}

/** Whether the PIN of one HSM token may be tried here, where other hosts have PIN files for it. */
export interface PinPermits {
  /**
   * Waits for the attempts of others, until `gone` settles. Exactly one end of the attempt follows, or none where the
   * process died over it: then the next `pin` tells. `pin_latched`, `hsm_unavailable`.
   */
  take(pin: PinState, gone: Promise<unknown>): Promise<PinAttempt>;
}

export interface PinAttempt {
  readonly terms: PinTerms;
  accepted(): void;
  /** It was not accepted; and what is known of the PIN now. */
  ended(pin: PinState): void;
}

export interface PinLatches {
  /** `unknown_hsm_token`. */
  read(hsmToken: string): Promise<PinLatch>;
  /**
   * One more attempt is made, now, and by each other host as its turn comes. Answers whether the token is open here.
   * `unknown_hsm_token`, `audit_sink_unavailable`.
   */
  clear(hsmToken: string, actor: Actor): Promise<{ readonly open: boolean }>;
}
