/** What the operations plane answers, as far as the command line shows it. Times in seconds since the epoch. */
export interface ScopeAnswer {
  readonly id: string;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: string;
  readonly modulus_bits: number | null;
  readonly hsm_token: string;
  readonly policy: PolicyAnswer;
  readonly contacts: readonly string[];
  readonly created_at: number;
  readonly rotation_pause: { readonly until: number; readonly reason: string } | null;
}

export interface PolicyAnswer {
  readonly max_ttl_seconds: number;
  readonly default_ttl_seconds: number;
  readonly cryptoperiod_seconds: number;
  readonly jwks_max_age_seconds: number;
  readonly max_stale_seconds: number;
  readonly clock_skew_seconds: number;
  readonly token_types: readonly string[];
  readonly require_subject: boolean;
  readonly record_subject: string;
  readonly root_claim: string | null;
  readonly suspend_on_forgery: boolean;
  readonly external_claims: boolean;
}

export interface KeyAnswer {
  readonly kid: string;
  readonly scope: string;
  readonly state: string;
  readonly algorithm: string;
  readonly hsm_token: string;
  /** Null until the key is first activated. */
  readonly sign_from: number | null;
  readonly sign_until: number;
  readonly deactivated_at: number | null;
  readonly private_half_destroyed_at: number | null;
  readonly kept_for_forensics: boolean;
  readonly proof: { readonly status: string; readonly reasons: readonly string[] };
}

export interface KeyOutcomeAnswer {
  readonly key: KeyAnswer;
  readonly promoted: KeyAnswer | null;
  readonly already: boolean;
}

export interface SharesAnswer {
  readonly listed: readonly { readonly name: string; readonly tokens: number }[];
  readonly more: number;
}

export interface CompromiseAnswer {
  readonly compromised_at: number | null;
  /** Null while it is being counted. */
  readonly use: {
    readonly live_tokens: number;
    readonly clients: SharesAnswer;
    readonly subjects: SharesAnswer;
    readonly first_issued_at: number | null;
    readonly last_issued_at: number | null;
    readonly complete: boolean;
  } | null;
  readonly other_keys: {
    readonly listed: readonly { readonly kid: string; readonly scope: string; readonly state: string }[];
    readonly more: number;
  };
  readonly verifiers: readonly {
    readonly client: string;
    readonly instance: string;
    readonly connected: boolean;
    readonly took_ms: number | null;
  }[];
}

export interface TokenOutcomeAnswer {
  readonly hsm_token: string;
  readonly keys: number;
  readonly compromised: readonly { readonly kid: string; readonly scope: string }[];
  readonly promoted: readonly { readonly kid: string; readonly scope: string }[];
  readonly waiting: readonly string[];
  readonly service_keys: boolean;
}

export interface RotationAnswer {
  readonly activated: KeyAnswer;
  readonly deactivated: KeyAnswer | null;
}

/** A key row that the service would not load. */
export interface RefusedKeyAnswer {
  readonly kid: string;
  readonly scope: string;
  readonly why: string;
}

/** A process of a relying service that verifies by itself. */
export interface VerifierAnswer {
  readonly scope: string;
  readonly client: string;
  readonly instance: string;
  readonly connected_since: number | null;
  readonly version: number | null;
  readonly published_version: number;
  readonly lags_for_seconds: number | null;
  readonly last_seen: number;
}

export interface InventoryAnswer {
  readonly hsm_token: string;
  readonly taken_at: number;
  readonly token: HsmTokenAnswer;
  readonly objects: number;
  readonly expected: number;
  readonly proven: number;
  readonly findings: readonly {
    readonly kind: string;
    readonly hsm_id: string | null;
    readonly kid: string | null;
    readonly scope: string | null;
    readonly details: readonly string[];
  }[];
  readonly omitted: number;
}

export interface HsmTokenAnswer {
  readonly label: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
}

export interface CeremonyAnswer {
  readonly scope: Pick<ScopeAnswer, 'id' | 'issuer' | 'audience' | 'algorithm' | 'modulus_bits'>;
  readonly made_at: number;
  readonly made_by: string;
  /** Null where one person did it alone. */
  readonly approved_by: string | null;
  readonly proposal: string | null;
  readonly proposed_at: number | null;
  readonly request_id: string | null;
  readonly audit_event: { readonly sequence: number; readonly hash: string };
  readonly keys: readonly CeremonyKeyAnswer[];
}

export interface CeremonyKeyAnswer {
  readonly kid: string;
  readonly state: string;
  readonly hsm_token: string;
  readonly hsm_id: string;
  readonly public_jwk: Readonly<Record<string, string>>;
  readonly sign_from: number;
  readonly sign_until: number;
  readonly max_ttl_seconds: number;
  readonly token: HsmTokenAnswer;
  readonly mechanism: { readonly name: string; readonly number: number };
  readonly attributes: Readonly<Record<string, boolean | string | number | null>>;
  readonly proven_at: number;
  readonly statement: string;
  readonly binding_record: string;
}

export interface ClientAnswer {
  readonly id: string;
  readonly description: string;
  readonly created_at: number;
  readonly revoked_at: number | null;
  readonly grants: readonly { readonly scope: string; readonly action: string }[];
}

/** What an act that takes two persons is answered with. */
export interface ProposalAnswer {
  readonly id: string;
  readonly act: string;
  readonly subject: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly changes: readonly { readonly member: string; readonly from: unknown; readonly to: unknown }[];
  readonly proposed_by: string;
  readonly proposed_at: number;
  readonly expires_at: number;
  readonly state: string;
  /** Operators who may approve it now. */
  readonly approvers: readonly string[];
  readonly decided_by: string | null;
  readonly decided_at: number | null;
  readonly failure: { readonly code: string; readonly detail: string } | null;
}

export interface OperatorAnswer {
  readonly id: string;
  readonly roles: readonly string[];
  readonly created_at: number;
  readonly revoked_at: number | null;
}

export interface RevocationAnswer {
  readonly sequence: number;
  /** Null: every scope's. */
  readonly scope: string | null;
  readonly jti: string | null;
  readonly root: string | null;
  readonly client: string | null;
  readonly issued_from: number | null;
  readonly issued_until: number | null;
  readonly created_at: number;
  readonly revoked_by: string;
  readonly reason: string;
}

export interface CanaryAnswer {
  readonly id: string;
  readonly kind: string;
  readonly planted: string;
  readonly scope: string | null;
  readonly created_by: string;
  readonly created_at: number;
  readonly retired_at: number | null;
}

export interface SecurityEventAnswer {
  readonly sequence: number;
  readonly raised_at: number;
  readonly type: string;
  readonly severity: string;
  readonly subject: string;
  readonly evidence: Readonly<Record<string, unknown>> | null;
  readonly state: string;
  readonly acknowledged: EventStepAnswer | null;
  readonly resolved: EventStepAnswer | null;
}

export interface EventStepAnswer {
  readonly by: string;
  readonly at: number;
  readonly note: string | null;
}

export interface LedgerRecordAnswer {
  readonly scope: string;
  readonly kid: string;
  readonly jti: string;
  readonly client: string;
  readonly subject: string | null;
  readonly root: string | null;
  readonly iat: number;
  readonly erased: boolean;
}

export interface DeliveryAnswer {
  readonly id: number;
  readonly message_id: string;
  readonly kind: string;
  readonly event: number;
  readonly last_event: number;
  readonly events: number;
  readonly severity: string;
  readonly route: string;
  readonly target: string;
  readonly contacts_of: string | null;
  readonly state: string;
  readonly attempts: number;
  readonly created_at: number;
  readonly next_attempt_at: number | null;
  readonly settled_at: number | null;
  readonly last_error: string | null;
}

export interface TargetTestAnswer {
  readonly target: string;
  readonly type: string;
  readonly ok: boolean;
  readonly error: string | null;
}

export interface ProbeAnswer {
  readonly client: string;
  readonly scope: string;
  readonly url: string;
  readonly set_at: number;
  readonly answers: readonly {
    readonly probe: string;
    readonly verdict: string;
    readonly status: number | null;
    readonly why: string | null;
    readonly at: number;
  }[];
  readonly not_sent: readonly { readonly probe: string; readonly why: string }[];
  readonly expired_due_at: number | null;
  readonly next_at: number | null;
}
