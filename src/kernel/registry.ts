import type { Follow } from '../lib/emitter.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Actor } from './actor.ts';
import type { Algorithm } from './algorithm.ts';
import type { AuditEvent } from './audit.ts';
import { KeywardError } from './errors.ts';
import type { Placed, PublicJwk, SigningKey } from './key.ts';
import type { KeyProofStatement } from './key-proof.ts';
import type { Placement, RotationPause, Scope, ScopeDefinition } from './scope.ts';
import type { ScopeChange } from './scope-change.ts';

/** A further token's own key, which signs the binding records of the keys on it. */
export type BindingRole = `binding:${string}`;

/** The registry key signs binding records and key sets. `kid` must equal the configuration's fingerprint. */
export interface ServiceKey {
  readonly role: 'registry' | 'audit' | BindingRole;
  readonly kid: string;
  readonly hsmId: string;
  readonly publicJwk: PublicJwk;
  readonly createdAt: number;
}

/** A key row as stored: `publicKey` is derived by the reader. */
export type StoredKey = Omit<SigningKey, 'publicKey'>;

/** A key that was just made, with what it showed of itself: the audit event of its making keeps that for good. */
export interface NewKey {
  readonly key: StoredKey;
  readonly proof: KeyProofStatement;
  /** The proof as a compact JWS of typ `kw-proof+jwt` by the key. */
  readonly statement: string;
}

/** A scope whose provisioning was cut short, with the HSM ids that were reserved for it. */
export interface UnfinishedScope {
  readonly scopeId: string;
  /** When its making began; seconds since the epoch. */
  readonly since: number;
  /** By `hsmId`. */
  readonly keys: readonly ReservedPlace[];
}

/** Where a key is to be made, and under which `CKA_ID`. */
export interface ReservedPlace extends Placed {
  readonly hsmId: string;
}

export interface ReservedKey extends ReservedPlace {
  readonly scopeId: string;
}

/** A reservation that no key came of yet. */
export interface UnfinishedKey extends ReservedKey {
  /** When it was made; seconds since the epoch. */
  readonly since: number;
}

/** What of a key changes in the course of its life; the rest is fixed at its generation. */
export type KeyLifecycleFields = Pick<
  SigningKey,
  'kid' | 'scopeId' | 'state' | 'signFrom' | 'signUntil' | 'times' | 'keptForForensics'
>;

/** What is done to keys, and by whom: the audit event of the commit. */
export interface KeyAct extends Pick<AuditEvent, 'type' | 'subject' | 'details'> {
  readonly actor: Actor;
}

/** A key as it was when the change was planned, and as it becomes. */
export interface KeyLifecycleChange {
  readonly before: Pick<KeyLifecycleFields, 'state'>;
  readonly after: KeyLifecycleFields;
}

/** Scopes that exist, and all keys of theirs. */
export interface ScopesAndKeys {
  readonly scopes: readonly Scope[];
  readonly keys: readonly StoredKey[];
}

/** Scopes and keys, durable. Every change commits with its audit event (I10). */
export interface Registry {
  /** With what became of changes whose answer was lost. `store_unavailable`. */
  load(): Promise<ScopesAndKeys>;
  /** Reservations that no scope came of yet. As `load`. */
  unfinishedScopes(): Promise<readonly UnfinishedScope[]>;
  readonly follow: Follow<ScopesAndKeys>;
  /** Reserves scope and HSM ids before anything is generated. `scope_exists`, `issuer_audience_taken`. */
  reserveScope(scope: Scope, keys: readonly ReservedPlace[], actor: Actor): Promise<void>;
  /** Fills the reserved rows; from here on the scope exists. */
  completeScope(scopeId: string, made: readonly NewKey[], actor: Actor): Promise<void>;
  /** Removes a reservation; the id is free again, since no token was ever issued under it. */
  abandonScope(scopeId: string, why: string, actor: Actor): Promise<void>;
  /**
   * Makes policy, contacts and HSM tokens what `revise` answers, and tells what the scope was and is. Commits nothing
   * where nothing differs. `unknown_scope`, and whatever `revise` throws.
   */
  reviseScope(
    scopeId: string,
    revise: (
      scope: Scope,
    ) => Partial<Pick<Scope, 'policy' | 'contacts' | keyof Placement | 'staleCacheHorizon'>>,
    actor: Actor,
  ): Promise<{ before: Scope; after: Scope }>;
  /** In place of a pause that there is; null ends it. Commits nothing where nothing differs. `unknown_scope`. */
  setRotationPause(scopeId: string, pause: RotationPause | null, actor: Actor): Promise<void>;
  /**
   * What becomes of keys, in one commit with a new version of the key set of each scope concerned. `key_changed`
   * where one is in another state than the plan found.
   */
  changeKeys(changes: readonly KeyLifecycleChange[], act: KeyAct): Promise<void>;
  /**
   * The same for an emergency, which waits for no HSM and no standby: keys taken out of use and the standby that goes on in their
   * place. Signed afterwards, by `signPending`. `internal` for whatever does more than restrict. `key_changed` too
   * where the compromise of an HSM token leaves out a key on it, unless it may.
   */
  restrictKeys(
    changes: readonly KeyLifecycleChange[],
    act: KeyAct,
    may?: { readonly leaveOut: boolean },
  ): Promise<void>;
  /** Whether standbys have all of it; until they do, what they lack is repeated. */
  isReplicated(): boolean;
  /** Signs what was changed without the HSM, if anything was. Fails as `Signer.sign`. */
  signPending(): Promise<void>;
  /** Reserves an HSM id for another key of a scope that exists, before it is generated. */
  reserveKey(reservation: ReservedKey, createdAt: number, actor: Actor): Promise<void>;
  /** Fills the reservation; the scope's key set is of the next version. */
  completeKey(made: NewKey, actor: Actor): Promise<void>;
  abandonKey(reservation: ReservedKey, why: string, actor: Actor): Promise<void>;
  /** Reservations for scopes that exist, as `load`: whoever finds one that is not at work was cut short. */
  reservedKeys(): Promise<readonly UnfinishedKey[]>;
  serviceKey(role: ServiceKey['role']): Promise<ServiceKey | undefined>;
  addServiceKey(key: ServiceKey, actor: Actor): Promise<void>;
}

/** What the operations plane does with scopes. */
export interface ScopeAdministration {
  /** `unknown_hsm_token`, `hsm_token_compromised`, `algorithm_unavailable`; `hsm_unavailable` where a token cannot be asked. */
  requirePlaceable(algorithm: Algorithm, hsmTokens: readonly string[]): Promise<void>;
  /** Generates, proves, binds and publishes an active key and a standby. */
  create(definition: ScopeDefinition, actor: Actor): Promise<{ scope: Scope; keys: readonly SigningKey[] }>;
  /**
   * Holds for the next token, and for the next verification. Answers the scope as it then is; changing nothing
   * is no error. `unknown_scope`, `invalid_policy`, `invalid_scope`.
   */
  change(scopeId: string, change: ScopeChange, actor: Actor): Promise<Scope>;
}

/** What the registry key says of one row: this content, and no other, stands in the table under this id. */
export interface RowStatement {
  readonly table: string;
  readonly id: string;
  /** The number of the change that made the row what it is; it never repeats. */
  readonly version: number;
  /** SHA-256 of the row's content, base64url. */
  readonly contentHash: string;
}

/** What it says of the registry as a whole, after the change of that number. */
export interface HeadStatement {
  readonly version: number;
  /** The version that stood in the database when this one was signed; 0 for the first. */
  readonly previous: number;
  /** SHA-256 of the list of rows in each bucket, base64url. */
  readonly buckets: readonly string[];
}

/** Reads what the registry key signed; undefined for whatever it did not sign. Needs its public key alone. */
export interface RegistryVerifier {
  readRow(jws: string): Promise<RowStatement | undefined>;
  readHead(jws: string): Promise<HeadStatement | undefined>;
}

/** Signs as well, in the HSM: `hsm_unavailable`, `overloaded`, `pin_latched` and what else `Signer` refuses with. */
export interface RegistrySeal extends RegistryVerifier {
  signRow(statement: RowStatement): Promise<string>;
  signHead(statement: HeadStatement): Promise<string>;
  /**
   * The version of the last head that was signed, 0 for none: it may never have been committed. `shown` is the head
   * in the database.
   */
  lastVersion(shown: string | null): Promise<number>;
}

/** A row that is in no answer, and why. */
export interface RefusedRow {
  readonly table: string;
  readonly id: string;
  readonly why: string;
}

/** The audit event of the commit that puts other service keys in the place of lost ones. */
export const SERVICE_KEYS_ENROLLED = 'service_keys.enrolled';

export interface ServiceKeyDecision {
  readonly reason: string;
  /** The lost HSM token was stolen: everything its keys signed is rejected. */
  readonly stolen: boolean;
}

/** A service whose configuration names successors of lost service keys, which two persons have yet to enrol. */
export interface PendingServiceKeys {
  describe(decision: ServiceKeyDecision): { readonly before: JsonObject; readonly after: JsonObject };
  /** Settles once the registry is signed by the new registry key; answers what the audit event tells. */
  enrol(decision: ServiceKeyDecision, actor: Actor): Promise<JsonObject>;
}

/** Work that somebody began and nobody has finished or undone, by the name of what it is about. */
export interface UnfinishedWork {
  readonly kind: 'scope' | 'key' | 'canary' | 'proposal';
  readonly id: string;
  /** When it was begun, by its signed row; seconds since the epoch. */
  readonly since: number;
}

/**
 * Of the processes that share a database one leads: it alone does what nobody asked for, such as rotating. With
 * SQLite it is the one that owns the file; replicas on a shared database elect it.
 */
export interface Leadership {
  /** Asked each time before anything is done. */
  leads(): boolean;
  /** Whether nobody is at that work any more, so that this process may undo it. Asked of whatever was not begun here. */
  isAbandoned(work: UnfinishedWork): boolean;
  /** Whether another process has had the database at any time since this one began. */
  readonly hadOthers: boolean;
}

/** `tick`, which does nothing while another process leads. */
export function whileLeading(
  { leads }: Pick<Leadership, 'leads'>,
  tick: () => Promise<void>,
): () => Promise<void> {
  return async () => {
    if (leads()) await tick();
  };
}

/** A text that each front shows the others, in place of its last one. */
export interface FrontNotes {
  /** `store_unavailable`. */
  post(text: string): Promise<void>;
  /**
   * Those of other fronts that live, by a random id of each: only what a run sealed that the audit key certified, and none
   * older than one that was read before. `store_unavailable`.
   */
  read(): Promise<ReadonlyMap<string, string>>;
}

/** A key made there may be compromised at once. */
export function noKeyMadeOn(hsmToken: string): KeywardError {
  return new KeywardError(
    'hsm_token_compromised',
    `the HSM token ${hsmToken} is compromised, and no key is made there; place the scope on another`,
  );
}
