/**
 * What is asked of the parts at each scrape. `label` names the one label a gauge may have; its values come from
 * a closed set that the part itself knows, never from a request.
 */
export const GAUGES = {
  signerState: {
    name: 'keyward_signer_state',
    help: '1 for the state that the signer is in, 0 for the others',
    label: 'state',
  },
  keyUnproven: {
    name: 'keyward_key_unproven',
    help: 'Keys kept out of service because read-back did not prove them, by scope',
    label: 'scope',
  },
  keyRefused: {
    name: 'keyward_key_refused',
    help: 'Keys left out because registry and binding record disagree',
    label: null,
  },
  signerQueue: {
    name: 'keyward_signer_queue',
    help: 'Signatures asked for and not yet answered',
    label: null,
  },
  ledgerQueue: {
    name: 'keyward_ledger_queue',
    help: 'Issuance records waiting to be durable',
    label: null,
  },
  diskUsed: {
    name: 'keyward_disk_used_ratio',
    help: 'Share of the file system in use, by what Keyward keeps on it',
    label: 'holds',
  },
  auditSinkUp: {
    name: 'keyward_audit_sink_up',
    help: '1 for each audit sink whose last write it confirmed, 0 for the others',
    label: 'sink',
  },
  checkpointAge: {
    name: 'keyward_checkpoint_age_seconds',
    help: 'Time since the last checkpoint',
    label: null,
  },
  verifiersConnected: {
    name: 'keyward_verifiers_connected',
    help: 'Verifiers that follow the events of a scope',
    label: 'scope',
  },
  verifiersLagging: {
    name: 'keyward_verifiers_lagging',
    help: 'Connected verifiers that do not hold the key set that is published',
    label: 'scope',
  },
  requestsInFlight: {
    name: 'keyward_http_requests_in_flight',
    help: 'Requests begun and not yet answered, by plane',
    label: 'plane',
  },
} as const satisfies Record<string, { name: string; help: string; label: string | null }>;

export type GaugeName = keyof typeof GAUGES;

/** The value now; for a gauge with a label, one value for each value of the label. */
export type Reading = number | Readonly<Record<string, number>>;
