/**
 * What is asked of the parts at each scrape. The values of `labels` come from closed sets that the part itself
 * knows, never from a request.
 */
export const GAUGES = {
  signerState: {
    name: 'keyward_signer_state',
    help: '1 for the current state of an HSM token’s signer, else 0',
    labels: ['hsm_token', 'state'],
  },
  keyUnproven: {
    name: 'keyward_key_unproven',
    help: 'Keys out of service because read-back did not prove them',
    labels: ['scope'],
  },
  keys: {
    name: 'keyward_keys',
    help: 'Keys of a scope',
    labels: ['scope', 'state'],
  },
  keyProofs: {
    name: 'keyward_key_proofs',
    help: 'Undestroyed keys of a scope, by last read-back',
    labels: ['scope', 'status'],
  },
  keyWindowUsed: {
    name: 'keyward_key_window_used_ratio',
    help: 'Used share of the active key’s signing window; beyond 1 nothing is signed',
    labels: ['scope'],
  },
  nextRotation: {
    name: 'keyward_next_rotation_timestamp_seconds',
    help: 'When the active key will be rotated; absent without a standby',
    labels: ['scope'],
  },
  rotationDue: {
    name: 'keyward_rotation_due_timestamp_seconds',
    help: 'When the rotation of the active key is due, blocked or not',
    labels: ['scope'],
  },
  rotationObstacle: {
    name: 'keyward_rotation_obstacle',
    help: '1 for what will block the next rotation, else 0',
    labels: ['scope', 'obstacle'],
  },
  failoverReady: {
    name: 'keyward_failover_ready',
    help: '1 if a standby on another HSM token could sign at once; absent without `standby_token`',
    labels: ['scope'],
  },
  keyCreated: {
    name: 'keyward_key_created_timestamp_seconds',
    help: 'When the oldest key in that state was made; absent without one',
    labels: ['scope', 'state'],
  },
  keySignUntil: {
    name: 'keyward_key_sign_until_timestamp_seconds',
    help: 'When the first signing window in that state ends; absent without one',
    labels: ['scope', 'state'],
  },
  drillOverdue: {
    name: 'keyward_drill_overdue',
    help: '1 for each overdue drill, else 0',
    labels: ['drill'],
  },
  reviewOverdue: {
    name: 'keyward_review_overdue',
    help: '1 if the log review is overdue, else 0',
    labels: [],
  },
  eventsUnresolved: {
    name: 'keyward_security_events_unresolved',
    help: 'Unresolved security events',
    labels: ['state', 'severity'],
  },
  reportsUnclosed: {
    name: 'keyward_reports_unclosed',
    help: 'Unclosed reports',
    labels: ['state'],
  },
  proposalsOpen: {
    name: 'keyward_proposals_open',
    help: 'Open proposals',
    labels: [],
  },
  keyRefused: {
    name: 'keyward_key_refused',
    help: 'Keys out of service because registry and binding record disagree',
    labels: [],
  },
  signerQueue: {
    name: 'keyward_signer_queue',
    help: 'Signatures requested and not yet answered',
    labels: ['hsm_token'],
  },
  inventoryFindings: {
    name: 'keyward_inventory_findings',
    help: 'Differences in the last inventory of an HSM token',
    labels: ['hsm_token', 'kind'],
  },
  inventoryAge: {
    name: 'keyward_inventory_age_seconds',
    help: 'Time since the last inventory of an HSM token',
    labels: ['hsm_token'],
  },
  ledgerQueue: {
    name: 'keyward_ledger_queue',
    help: 'Issuance records waiting to be durable',
    labels: [],
  },
  diskUsed: {
    name: 'keyward_disk_used_ratio',
    help: 'Used share of the file system',
    labels: ['holds'],
  },
  notificationsPending: {
    name: 'keyward_notifications_pending',
    help: 'Notifications waiting for delivery',
    labels: ['target'],
  },
  notificationsDead: {
    name: 'keyward_notifications_dead',
    help: 'Dead letters, which wait for a replay',
    labels: ['target'],
  },
  auditSinkUp: {
    name: 'keyward_audit_sink_up',
    help: '1 for each audit sink whose last write it confirmed, else 0',
    labels: ['sink'],
  },
  clockTrusted: {
    name: 'keyward_clock_trusted',
    help: '1 while the clock is trusted, 0 while no token is issued',
    labels: [],
  },
  clockTime: {
    name: 'keyward_clock_timestamp_seconds',
    help: 'The clock of the service',
    labels: [],
  },
  leader: {
    name: 'keyward_leader',
    help: '1 on the instance that does what nobody asks for, such as rotation and notifications, else 0',
    labels: [],
  },
  fronts: {
    name: 'keyward_fronts',
    help: 'Instances that have the database, this one included; absent with SQLite',
    labels: [],
  },
  followAge: {
    name: 'keyward_follow_age_seconds',
    help: 'Time since the last look at what other instances changed; absent with SQLite',
    labels: [],
  },
  databaseStandbysInSync: {
    name: 'keyward_database_standbys_in_sync',
    help: 'Standbys of the PostgreSQL server that are in sync; absent with SQLite',
    labels: [],
  },
  databaseStandbysRequired: {
    name: 'keyward_database_standbys_required',
    help: 'Standbys that have to confirm each commit; absent with SQLite and with `durability: single`',
    labels: [],
  },
  build: {
    name: 'keyward_build_info',
    help: '1, for the version that runs',
    labels: ['version'],
  },
  checkpointAge: {
    name: 'keyward_checkpoint_age_seconds',
    help: 'Time since the last checkpoint',
    labels: [],
  },
  verifiersConnected: {
    name: 'keyward_verifiers_connected',
    help: 'Verifiers that follow the events of a scope',
    labels: ['scope'],
  },
  verifiersLagging: {
    name: 'keyward_verifiers_lagging',
    help: 'Connected verifiers without the published key set',
    labels: ['scope'],
  },
  requestsInFlight: {
    name: 'keyward_http_requests_in_flight',
    help: 'Requests admitted and not yet answered',
    labels: ['plane', 'caller'],
  },
  logLinesLost: {
    name: 'keyward_log_lines_lost',
    help: 'Log lines lost since start',
    labels: [],
  },
  factsDropped: {
    name: 'keyward_facts_dropped',
    help: 'Activity that detections missed under load, since start',
    labels: [],
  },
} as const satisfies Record<string, { name: string; help: string; labels: readonly string[] }>;

export type GaugeName = keyof typeof GAUGES;

/**
 * The value now; for a gauge with labels, one for each value of the first, and within it of the next. Without any it is
 * absent.
 */
export type Reading = number | { readonly [value: string]: Reading };

/** How each is read. */
export type Gauges = { readonly [name in GaugeName]?: () => Reading };
