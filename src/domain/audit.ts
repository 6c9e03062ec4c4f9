/** One administrative act or decision, as the audit trail keeps it. `details` holds no secret. */
export interface AuditEvent {
  readonly type: string;
  /** An operator's id, `client:<id>`, or `keyward` for what the service does by itself. */
  readonly actor: string;
  /** What was acted upon, such as `scope:payments` or `key:<kid>`. */
  readonly subject: string;
  readonly requestId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}
