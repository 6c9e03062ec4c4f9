import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { GAUGES, type GaugeName, type Gauges, type Reading } from './gauges.ts';

/** From a signature by a machine's memory to an HSM that is about to be given up. */
const ISSUE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export type Metrics = ReturnType<typeof createMetrics>;

/** A registry of its own with every metric of the service; labels come from closed sets alone. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const gauges = new Map<GaugeName, (() => Reading)[]>();
  collectDefaultMetrics({ register: registry });
  const unread = new Counter({
    name: 'keyward_gauge_failures_total',
    help: 'Failed readings of a gauge',
    labelNames: ['gauge'] as const,
    registers,
  });
  return {
    registry,
    tokensIssued: new Counter({
      name: 'keyward_tokens_issued_total',
      help: 'Tokens released',
      labelNames: ['scope'],
      registers,
    }),
    issueSeconds: new Histogram({
      name: 'keyward_issue_seconds',
      help: 'Time from a well-formed request to a released token',
      buckets: ISSUE_BUCKETS,
      registers,
    }),
    refusals: new Counter({
      name: 'keyward_refusals_total',
      help: 'Tokens that verification refused',
      labelNames: ['scope', 'reason'],
      registers,
    }),
    suspiciousHeaders: new Counter({
      name: 'keyward_suspicious_headers_total',
      help: 'Tokens with a suspicious header member',
      labelNames: ['header'],
      registers,
    }),
    sightings: new Counter({
      name: 'keyward_sightings_total',
      help: 'Digests reported by relying services',
      labelNames: ['scope', 'recorded'],
      registers,
    }),
    securityEvents: new Counter({
      name: 'keyward_security_events_total',
      help: 'Security events raised',
      labelNames: ['type', 'severity'],
      registers,
    }),
    canaryTouches: new Counter({
      name: 'keyward_canary_touches_total',
      help: 'Uses of canaries',
      labelNames: ['kind', 'use'],
      registers,
    }),
    reports: new Counter({
      name: 'keyward_reports_total',
      help: 'Reports, refused ones included',
      labelNames: ['about'],
      registers,
    }),
    notifications: new Counter({
      name: 'keyward_notifications_total',
      help: 'Attempts to deliver a notification',
      labelNames: ['target', 'outcome'],
      registers,
    }),
    unacknowledgedEvents: new Counter({
      name: 'keyward_notifications_unacknowledged_total',
      help: 'Critical events unacknowledged after the last notification route',
      registers,
    }),
    requests: new Counter({
      name: 'keyward_http_requests_total',
      help: 'Requests answered',
      labelNames: ['plane', 'route', 'status'],
      registers,
    }),
    problems: new Counter({
      name: 'keyward_problems_total',
      help: 'Problem documents sent, also within a batch',
      labelNames: ['code'],
      registers,
    }),
    telemetryExports: new Counter({
      name: 'keyward_telemetry_exports_total',
      help: 'Attempts to send to the OpenTelemetry collector',
      labelNames: ['signal', 'outcome'],
      registers,
    }),
    spansLost: new Counter({
      name: 'keyward_spans_lost_total',
      help: 'Spans that no collector got',
      labelNames: ['why'],
      registers,
    }),
    groupsFenced: new Counter({
      name: 'keyward_ledger_groups_fenced_total',
      help: 'Groups of records refused until what another instance restricted was followed',
      registers,
    }),
    signerReplacements: new Counter({
      name: 'keyward_signer_replacements_total',
      help: 'Signer processes given up and replaced',
      labelNames: ['hsm_token'],
      registers,
    }),
    /** Reads them at each scrape; for a gauge with labels, several parts may each tell their own values. */
    watch(given: Gauges): void {
      for (const [name, read] of Object.entries(given)) {
        const gauge = name as GaugeName;
        const readers = gauges.get(gauge);
        if (readers) readers.push(read);
        else gauges.set(gauge, watched(registry, gauge, [read], unread));
      }
    },
  };
}

function watched(
  registry: Registry,
  gauge: GaugeName,
  readers: (() => Reading)[],
  failures: Counter<'gauge'>,
): (() => Reading)[] {
  const { name, help, labels } = GAUGES[gauge];
  new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      this.reset();
      // That alone would say 0.
      if (labels.length === 0) this.remove({});
      for (const read of readers) {
        try {
          setValues(this, labels, read());
        } catch {
          // The others are told all the same.
          failures.inc({ gauge: name });
        }
      }
    },
  });
  return readers;
}

function setValues(
  gauge: Gauge,
  [label = '', ...others]: readonly string[],
  reading: Reading,
  values: Readonly<Record<string, string>> = {},
): void {
  if (typeof reading === 'number') {
    gauge.set(values, reading);
    return;
  }
  for (const [value, within] of Object.entries(reading)) {
    setValues(gauge, others, within, { ...values, [label]: value });
  }
}
