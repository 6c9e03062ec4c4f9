import type { Schema } from '../schema.ts';

export type TableName = keyof Schema;

type Keys = { readonly [T in TableName]: readonly (keyof Schema[T] & string)[] };

/** Each table with its primary key; a table that others refer to stands before them. */
export const TABLE_KEYS = {
  scopes: ['id'],
  clients: ['id'],
  operators: ['id'],
  credentials: ['digest'],
  grants: ['client_id', 'scope_id', 'action'],
  signing_keys: ['hsm_id'],
  service_keys: ['role'],
  proposals: ['id'],
  record_gaps: ['id'],
  canaries: ['id'],
  verifier_probes: ['client_id', 'scope_id'],
  registry_rows: ['table_name', 'row_id'],
  registry_buckets: ['bucket'],
  registry_head: ['id'],
  runs: ['id'],
  audit_events: ['sequence'],
  checkpoints: ['number'],
  issuance_records: ['sequence'],
  ledger_groups: ['sequence'],
  ledger_row_hashes: ['group_sequence'],
  ledger_archives: ['number'],
  revocations: ['sequence'],
  security_events: ['sequence'],
  reports: ['sequence'],
  case_log: ['sequence'],
  detection_memory: ['detection', 'name'],
  notification_deliveries: ['id'],
  notification_awaited: ['event_sequence'],
  notification_place: ['id'],
  readiness: ['id'],
  audit_deliveries: ['sink', 'host'],
} as const satisfies Keys;

/** Tables whose rows have numbers: they are compared by ranges of those, the others each as a whole. */
export const NUMBERED: ReadonlySet<TableName> = new Set<TableName>([
  'record_gaps',
  'registry_buckets',
  'registry_head',
  'audit_events',
  'checkpoints',
  'issuance_records',
  'ledger_groups',
  'ledger_row_hashes',
  'ledger_archives',
  'revocations',
  'security_events',
  'reports',
  'case_log',
  'notification_deliveries',
  'notification_awaited',
  'notification_place',
  'readiness',
]);

export const TABLES = Object.keys(TABLE_KEYS) as readonly TableName[];
