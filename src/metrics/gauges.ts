/**
 * What is asked of the parts at each scrape. The values of `labels` come from closed sets that the part itself
 * knows, never from a request.
 */
export const GAUGES = {
  signerState: {
    name: 'keyward_signer_state',
    help: '1 for the state that the signer of an HSM token is in, 0 for the others',
    labels: ['hsm_token', 'state'],
  },
  keyUnproven: {
    name: 'keyward_key_unproven',
    help: 'Keys kept out of service because read-back did not prove them, by scope',
    labels: ['scope'],
  },
  keys: {
    name: 'keyward_keys',
    help: 'Keys of a scope by their state',
    labels: ['scope', 'state'],
  },
  keyProofs: {
    name: 'keyward_key_proofs',
    help: 'Keys of a scope that are not destroyed, by what read-back showed last',
    labels: ['scope', 'status'],
  },
  keyWindowUsed: {
    name: 'keyward_key_window_used_ratio',
    help: 'How much of its signing window the key that signs has used; beyond 1 nothing is signed',
    labels: ['scope'],
  },
  nextRotation: {
    name: 'keyward_next_rotation_timestamp_seconds',
    help: 'When the key that signs is to be rotated, as things are; absent while there is no standby',
    labels: ['scope'],
  },
  rotationDue: {
    name: 'keyward_rotation_due_timestamp_seconds',
    help: 'When the rotation of the key that signs is due, whatever may stand in its way',
    labels: ['scope'],
  },
  rotationObstacle: {
    name: 'keyward_rotation_obstacle',
    help: '1 for what will stand in the way of the next rotation when it is due, as things are; 0 for the others',
    labels: ['scope', 'obstacle'],
  },
  keyCreated: {
    name: 'keyward_key_created_timestamp_seconds',
    help: 'When the oldest key of a scope in that state was made; absent where there is none',
    labels: ['scope', 'state'],
  },
  keySignUntil: {
    name: 'keyward_key_sign_until_timestamp_seconds',
    help: 'When the first signing window ends, of the keys of a scope in that state; absent where there is none',
    labels: ['scope', 'state'],
  },
  drillOverdue: {
    name: 'keyward_drill_overdue',
    help: '1 for each rehearsal that is overdue, 0 for the others',
    labels: ['drill'],
  },
  reviewOverdue: {
    name: 'keyward_review_overdue',
    help: '1 where nobody has looked at what happened for too long, else 0',
    labels: [],
  },
  eventsUnresolved: {
    name: 'keyward_security_events_unresolved',
    help: 'Security events that nobody has acknowledged (open), or that somebody has and are not resolved',
    labels: ['state', 'severity'],
  },
  reportsUnclosed: {
    name: 'keyward_reports_unclosed',
    help: 'Reports that nobody has taken up (open), or that somebody has and are not closed',
    labels: ['state'],
  },
  proposalsOpen: {
    name: 'keyward_proposals_open',
    help: 'Proposals that wait for another operator',
    labels: [],
  },
  keyRefused: {
    name: 'keyward_key_refused',
    help: 'Keys left out because registry and binding record disagree',
    labels: [],
  },
  signerQueue: {
    name: 'keyward_signer_queue',
    help: 'Signatures asked for and not yet answered',
    labels: ['hsm_token'],
  },
  inventoryFindings: {
    name: 'keyward_inventory_findings',
    help: 'What the last inventory of an HSM token found to differ from the registry, by kind',
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
    help: 'Share of the file system in use, by what Keyward keeps on it',
    labels: ['holds'],
  },
  notificationsPending: {
    name: 'keyward_notifications_pending',
    help: 'Notifications that are yet to be delivered',
    labels: ['target'],
  },
  notificationsDead: {
    name: 'keyward_notifications_dead',
    help: 'Notifications that were given up, and wait for an operator to replay them',
    labels: ['target'],
  },
  auditSinkUp: {
    name: 'keyward_audit_sink_up',
    help: '1 for each audit sink whose last write it confirmed, 0 for the others',
    labels: ['sink'],
  },
  clockTrusted: {
    name: 'keyward_clock_trusted',
    help: '1 while the clock of the machine can be believed, 0 while it cannot and no token is issued',
    labels: [],
  },
  clockTime: {
    name: 'keyward_clock_timestamp_seconds',
    help: 'The time as the service has it, to be held against that of the scrape',
    labels: [],
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
    help: 'Connected verifiers that do not hold the key set that is published',
    labels: ['scope'],
  },
  requestsInFlight: {
    name: 'keyward_http_requests_in_flight',
    help: 'Requests admitted and not yet answered, by plane and by who asks',
    labels: ['plane', 'caller'],
  },
  logLinesLost: {
    name: 'keyward_log_lines_lost',
    help: 'Lines of the log that could not be written since the process started',
    labels: [],
  },
  factsDropped: {
    name: 'keyward_facts_dropped',
    help: 'What happened in such a flood that detections did not see it, since the process started',
    labels: [],
  },
} as const satisfies Record<string, { name: string; help: string; labels: readonly string[] }>;

export type GaugeName = keyof typeof GAUGES;

/** The value now; for a gauge with labels, one for each value of the first, and within it of the next. */
export type Reading = number | { readonly [value: string]: Reading };
