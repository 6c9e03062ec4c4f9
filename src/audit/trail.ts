import type { Actor } from '../kernel/actor.ts';
import type { AuditLog, EventRange } from '../kernel/audit.ts';
import type { RecordedCertificate, StoredRun } from '../kernel/audit-chain.ts';

/** The audit trail, the runs that sealed it, and what of it nothing vouches for. */
export interface Trail {
  readonly audit: AuditLog;
  readonly runs: Runs;
  readonly unwitnessed: UnwitnessedTrail;
}

export interface UnwitnessedTrail {
  list(): readonly EventRange[];
  /** Reads what the trail says of such ranges, beside the one that was found at this start. */
  load(found: EventRange | undefined): Promise<void>;
  /** Writes down the range found, before anything else is appended to it. */
  record(range: EventRange): Promise<void>;
  /** Takes over which of them were confirmed at another front. `store_unavailable`. */
  follow(): Promise<void>;
  /** From now on they count as what they say. Answers which ranges these were. */
  confirm(reason: string, actor: Actor): Promise<readonly EventRange[]>;
}

export interface Runs {
  /** This process's own. */
  readonly own: StoredRun;
  /** `store_unavailable`. */
  certify(certificate: string): Promise<void>;
  /** The certificates that the audit trail keeps, in order. */
  certificates(): Promise<readonly RecordedCertificate[]>;
  /** Writes a run's row as it was; `why`, where given, is told as an event. `store_unavailable`. */
  repair(run: StoredRun, why?: string): Promise<void>;
  find(id: string): Promise<StoredRun | undefined>;
  all(): Promise<readonly StoredRun[]>;
}
