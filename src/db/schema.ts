import type { Generated, Selectable, Transaction } from 'kysely';
import type { Action, CredentialKind } from '../kernel/actor.ts';
import type { ActName, ProposalState } from '../kernel/acts.ts';
import type { Algorithm, ModulusBits } from '../kernel/algorithm.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import type { KeyState } from '../kernel/key.ts';
import type { ServiceKey } from '../kernel/registry.ts';
import type { SecurityEventType, Severity } from '../kernel/security-event-types.ts';

/** The tables as `migrations/` makes them. Times are seconds since the epoch; `*_json` columns hold JSON text. */
export interface Schema {
  scopes: {
    id: string;
    state: 'reserved' | 'ready';
    issuer: string;
    audience: string;
    algorithm: Algorithm;
    modulus_bits: ModulusBits | null;
    policy_json: string;
    /** Null for none. */
    contacts_json: string | null;
    /** Both or neither: the end of a pause of the rotation, and why. */
    rotation_paused_until: number | null;
    former_caches_seconds: number | null;
    former_caches_until: number | null;
    rotation_pause_reason: string | null;
    /** Null for the first. */
    hsm_token: string | null;
    /** By its name, the first's too; null for none. */
    standby_token: string | null;
    key_set_version: number;
    created_at: number;
  };
  /** A reserved row has nothing but its ids: the key is still to be made. */
  signing_keys: {
    hsm_id: string;
    /** Null for the first. */
    hsm_token: string | null;
    scope_id: string;
    state: KeyState | 'reserved';
    kid: string | null;
    binding_issuer: string | null;
    binding_audience: string | null;
    binding_algorithm: Algorithm | null;
    binding_sign_from: number | null;
    binding_sign_until: number | null;
    binding_max_ttl_seconds: number | null;
    binding_record: string | null;
    public_jwk_json: string | null;
    published_at: number | null;
    sign_from: number | null;
    sign_until: number | null;
    created_at: number;
    activated_at: number | null;
    deactivated_at: number | null;
    suspended_at: number | null;
    resumed_at: number | null;
    compromised_at: number | null;
    token_compromised_at: number | null;
    private_half_destroyed_at: number | null;
    destroyed_at: number | null;
    kept_for_forensics: 1 | null;
  };
  service_keys: {
    role: ServiceKey['role'];
    kid: string;
    hsm_id: string;
    public_jwk_json: string;
    created_at: number;
  };
  clients: { id: string; description: string; created_at: number; revoked_at: number | null };
  grants: { client_id: string; scope_id: string; action: Action };
  operators: { id: string; roles_json: string; created_at: number; revoked_at: number | null };
  credentials: {
    digest: Uint8Array;
    kind: CredentialKind;
    client_id: string | null;
    operator_id: string | null;
    created_at: number;
    revoked_at: number | null;
  };
  proposals: {
    id: string;
    act: ActName;
    subject: string;
    parameters_json: string;
    before_json: string | null;
    after_json: string | null;
    proposed_by: string;
    proposed_at: number;
    expires_at: number;
    state: ProposalState;
    decided_by: string | null;
    decided_at: number | null;
    failure_code: ErrorCode | null;
    failure_detail: string | null;
  };
  /** Stretches that a database put back from an older copy lacks; `settled_at` once they are dealt with. */
  record_gaps: {
    id: number;
    reason: string;
    issued_from: number;
    issued_until: number;
    first_event: number;
    last_event: number;
    first_checkpoint: number;
    last_checkpoint: number;
    kept_ledger: number;
    kept_registry: number;
    settled_at: number | null;
  };
  /** Decoys; which columns are null follows from the kind. */
  canaries: {
    id: string;
    kind: 'credential' | 'token' | 'key';
    planted: string;
    digest: Uint8Array | null;
    scope_id: string | null;
    /** Null for the first, and where there is no key. */
    hsm_token: string | null;
    hsm_id: string | null;
    kid: string | null;
    public_jwk_json: string | null;
    created_by: string;
    created_at: number;
    retired_at: number | null;
  };
  verifier_probes: { client_id: string; scope_id: string; url: string; set_at: number };
  audit_events: {
    sequence: number;
    time: number;
    type: string;
    actor: string;
    subject: string;
    request_id: string | null;
    trace_id: string | null;
    details_json: string;
    /** `auditEventHash` over the row and the hash before it. */
    hash: Uint8Array;
    /** The run that wrote the event, and its seal on the hash; null where somebody took them away. */
    run_id: string | null;
    seal: Uint8Array | null;
  };
  /** The key of each run; it counts as far as the audit key's certificate says so. */
  runs: { id: string; public_key: string; started_at: number; certificate: string | null };
  checkpoints: { number: number; audit_sequence: number; created_at: number; jws: string };
  /** How far each sink got: neither decides nor testifies, since a sink takes twice what it has. */
  /** `host`: of the process whose sink it is; empty for the only one. */
  audit_deliveries: { sink: string; host: string; audit_sequence: number; checkpoint_number: number };
  issuance_records: {
    sequence: number;
    digest: Uint8Array;
    scope_id: string;
    kid: string;
    jti: string;
    client_id: string;
    subject: string | null;
    root: string | null;
    /** 16 bytes. */
    trace_id: Uint8Array | null;
    iat: number;
    exp: number;
    /** Null once the personal values are erased; the commitments are null until then. */
    salt: Uint8Array | null;
    subject_commitment: Uint8Array | null;
    root_commitment: Uint8Array | null;
    group_sequence: number;
  };
  /** One for each commit of records; it stays when its rows have gone to an archive. */
  ledger_groups: {
    sequence: number;
    first_record: number;
    row_count: number;
    committed_at: number;
    previous_hash: Uint8Array;
    group_hash: Uint8Array;
    /** The run that committed the group, and its seal on the hash; null where somebody took them away. */
    run_id: string | null;
    seal: Uint8Array | null;
  };
  /**
   * The hashes of a group's rows. They decide nothing: where they do not give the group's hash they are made anew
   * from the rows.
   */
  ledger_row_hashes: { group_sequence: number; hashes: Uint8Array };
  /** Sealed segments; `removed_at` when the file is gone for good. */
  ledger_archives: {
    number: number;
    file: string;
    file_digest: Uint8Array;
    first_group: number;
    last_group: number;
    first_record: number;
    last_record: number;
    last_exp: number;
    kids_json: string;
    sealed_at: number;
    removed_at: number | null;
  };
  /** Beside each row of the registry: its content as signed, and what restricts it and is yet to be signed. */
  registry_rows: {
    table_name: string;
    row_id: string;
    content: string;
    signature: string;
    pending: string | null;
  };
  /** The lists of rows whose digests the head signs. */
  registry_buckets: { bucket: number; rows_json: string };
  registry_head: { id: 1; version: number; signature: string };
  /** `audit_sequence` as in `security_events`; what stands for the root event there is the commitment. */
  revocations: {
    sequence: number;
    created_at: number;
    scope_id: string | null;
    jti: string | null;
    root: string | null;
    root_salt: Uint8Array | null;
    root_commitment: Uint8Array;
    client_id: string | null;
    issued_from: number | null;
    issued_until: number | null;
    lapses_at: number | null;
    revoked_by: string;
    reason: string;
    /** Where it was made again: the audit event of the one that was gone. */
    instead_of: number | null;
    audit_sequence: number;
  };
  /** `audit_sequence` names the audit event that testifies to the row. */
  security_events: {
    sequence: number;
    raised_at: number;
    type: SecurityEventType;
    severity: Severity;
    dedup_key: string;
    subject: string;
    evidence_json: string | null;
    evidence_salt: Uint8Array | null;
    evidence_commitment: Uint8Array;
    audit_sequence: number;
  };
  /**
   * What was done about a security event (by its sequence) or a report (by its number); `audit_sequence` as in
   * `security_events`.
   */
  case_log: {
    sequence: number;
    case_kind: 'security_event' | 'report';
    case_id: string;
    step: 'acknowledged' | 'resolved' | 'examined' | 'taken' | 'noted' | 'closed';
    taken_by: string;
    taken_at: number;
    outcome: 'confirmed' | 'harmless' | 'duplicate' | 'unclear' | null;
    note: string | null;
    findings_json: string | null;
    audit_sequence: number;
  };
  /** What detections have learned of each name: it neither decides nor testifies. */
  detection_memory: { detection: string; name: string; memory_json: string; kept_at: number };
  /** What people report; `audit_sequence` as in `security_events`. */
  reports: {
    sequence: number;
    number: string;
    scope_id: string;
    received_at: number;
    digest: Uint8Array | null;
    suspicion_json: string | null;
    suspicion_salt: Uint8Array | null;
    suspicion_commitment: Uint8Array;
    audit_sequence: number;
    /** The last three say what the steps say. */
    state: 'open' | 'investigating' | 'closed';
    examined: 0 | 1;
    closed_at: number | null;
  };
  /** What targets are to be told; `contacts_of` is empty for a target's own recipients. */
  notification_deliveries: {
    id: Generated<number>;
    message_id: string;
    kind: 'event' | 'escalation' | 'summary';
    event_sequence: number;
    last_sequence: number;
    events: number;
    types_json: string;
    severity: Severity;
    route: string;
    target: string;
    contacts_of: string;
    state: 'pending' | 'delivered' | 'dead';
    attempts: number;
    created_at: number;
    next_attempt_at: number | null;
    settled_at: number | null;
    last_error: string | null;
  };
  /** Critical events that somebody is to acknowledge in time. */
  notification_awaited: { event_sequence: number; route: string; due_at: number };
  /** One row: up to which place in the feed of security events all is in the outbox. */
  notification_place: { id: 1; place: number };
  /** One row, written by each readiness check: it neither decides nor testifies. */
  readiness: { id: 1; checked_at: number };
}

export type Trx = Transaction<Schema>;

/** All that `query` reads is of one moment. `store_unavailable`. */
export interface TrxReader {
  read<T>(query: (trx: Trx) => Promise<T>): Promise<T>;
}

/** Commits when `work` resolves, and is rolled back when it rejects. `store_unavailable`, `overloaded`, `shutting_down`. */
export interface TrxWriter {
  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
}

export interface UrgentCommitted<T> {
  readonly result: T;
  /** False: it is on this server alone, and goes with it where a standby without it takes its place. */
  readonly replicated: boolean;
}

export interface UrgentWriter extends TrxWriter {
  /** As `transaction`, before other changes that wait; it waits for no standby. Only for what restricts. */
  urgently<T>(work: (trx: Trx) => Promise<T>): Promise<UrgentCommitted<T>>;
}

/** Tables whose rows each name the audit event that testifies to them. */
export type TestifiedName = 'security_events' | 'reports' | 'case_log' | 'revocations';
export type TestifiedRow<T extends TestifiedName> = Selectable<Schema[T]>;
export type UnwrittenRow<T extends TestifiedName> = Omit<TestifiedRow<T>, 'audit_sequence'>;
