export const SECURITY_EVENT_TYPES = [
  'token.never_issued',
  'key.standby_missing',
  'key.missing',
  'key.unexpected',
  'key.unproven',
  'key.change_unfinished',
  'key.window_nearly_over',
  'rotation.overdue',
  'drill.overdue',
  'verifier.outdated',
  'registry.signature_invalid',
  'clock.jump',
  'database.restored',
] as const;
export type SecurityEventType = (typeof SECURITY_EVENT_TYPES)[number];

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a detection found. */
export interface SecurityEventReport {
  readonly type: SecurityEventType;
  readonly severity: Severity;
  /** Within its type: what was told once under this key is not told again. */
  readonly dedupKey: string;
  /** Such as `key:<kid>` or `scope:payments`. */
  readonly subject: string;
  /** JSON. It may hold personal values, since it can be erased; never a secret, never a signature. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface SecurityEvent extends Omit<SecurityEventReport, 'evidence'> {
  /** Grows by one with each event. */
  readonly sequence: number;
  /** Seconds since the epoch. */
  readonly raisedAt: number;
  /** Null once it is erased. */
  readonly evidence: SecurityEventReport['evidence'] | null;
}

/** Where detections tell what they found. */
export interface SecurityEvents {
  /**
   * Settles once the event and its audit event are durable: true, or false where the same was told before.
   * `store_unavailable`, `overloaded`, `shutting_down`.
   */
  raise(report: SecurityEventReport): Promise<boolean>;
}

/** What the operations plane shows of them. */
export interface SecurityEventList {
  /** The newest first; `before` is the sequence of the last one seen. `store_unavailable`. */
  list(page: {
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly SecurityEvent[]>;
}
