import {
  type EventTypeRule,
  type EvidenceOf,
  SECURITY_EVENTS,
  type SecurityEventType,
  type Severity,
} from './security-event-types.ts';

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
  /** An erasure takes `claims` and `record` alone; null where the database lacks all of it. */
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

/** All that is to be told of one, from its evidence, as the table of types has it. */
export function securityEvent<T extends SecurityEventType>(
  type: T,
  evidence: EvidenceOf<T>,
): SecurityEventReport {
  const { severity, oncePer, subject } = SECURITY_EVENTS[type] as unknown as EventTypeRule<never>;
  const values: Readonly<Record<string, unknown>> = evidence;
  return {
    type,
    severity: typeof severity === 'string' ? severity : severity.of(evidence as never),
    dedupKey: JSON.stringify(oncePer.map((name) => values[name])),
    subject: subject(evidence as never),
    evidence,
  };
}
