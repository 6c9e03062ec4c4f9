import type { AuditEvent } from './audit.ts';

/** For what happened without a change to commit with it, such as a refusal or the start of the service. */
export interface AuditTrail {
  /** Settles once the event is durable. `store_unavailable`. */
  record(event: AuditEvent): Promise<void>;
}
