import { CANARY_KINDS, CANARY_USES } from '../../src/canaries/canary.ts';
import { DUE_DRILLS } from '../../src/drills/drill.ts';
import { ERROR_CODES } from '../../src/kernel/errors.ts';
import { KEY_STATES, PROOF_STATUSES } from '../../src/kernel/key.ts';
import { FINDING_KINDS } from '../../src/kernel/key-proof.ts';
import { SECURITY_EVENT_TYPES, SEVERITIES } from '../../src/kernel/security-event-types.ts';
import { UNRESOLVED_STATES } from '../../src/kernel/security-events.ts';
import { REFUSAL_REASONS } from '../../src/kernel/verification.ts';
import { ROTATION_OBSTACLES } from '../../src/keys/lifecycle/due-steps.ts';
import { SUSPICIOUS_HEADERS } from '../../src/metrics/measured.ts';
import { COUNTED_OUTCOMES } from '../../src/notifications/delivery.ts';
import { COUNTED_REPORTS } from '../../src/reports/alarm.ts';
import { UNCLOSED_STATES } from '../../src/reports/case.ts';
import { CALLER_CLASSES } from '../../src/server/caller-budget.ts';
import { PLANES } from '../../src/server/exchange.ts';
import { LINK_STATES } from '../../src/signer/signer-link.ts';
import { SIGNALS } from '../../src/tracing/collector.ts';

/** What a label says, and all values that it may have where the code knows them. */
export interface LabelMeaning {
  readonly says: string;
  readonly values?: readonly string[];
  /** The values change often, and another page or document lists them. */
  readonly listedElsewhere?: true;
}

/** By name, or by metric and name where a name means several things. */
const LABELS: Readonly<Record<string, LabelMeaning>> = {
  scope: { says: 'id of the key scope' },
  hsm_token: { says: 'name of the HSM token' },
  sink: { says: 'audit sink, by kind and place' },
  route: { says: 'path in `/openapi.json`, also with a slash at its end, or `none`' },
  status: { says: 'HTTP status of the answer' },
  le: { says: 'upper bound of a bucket, in seconds' },
  plane: { says: 'listener', values: PLANES },
  caller: { says: 'class of caller', values: CALLER_CLASSES },
  code: {
    says: 'code of the problem document, listed in `/openapi.json`',
    values: ERROR_CODES,
    listedElsewhere: true,
  },
  reason: {
    says: 'one of the [refusals](refusals.md)',
    values: REFUSAL_REASONS,
    listedElsewhere: true,
  },
  header: { says: 'member of the header', values: SUSPICIOUS_HEADERS },
  recorded: { says: 'on record', values: ['yes', 'no'] },
  type: {
    says: 'one of the [events](events.md)',
    values: SECURITY_EVENT_TYPES,
    listedElsewhere: true,
  },
  severity: { says: 'severity of the event', values: SEVERITIES },
  about: {
    says: 'what the report was about ([reports](reports.md)), or `refused` past a limit',
    values: COUNTED_REPORTS,
  },
  drill: { says: 'drill', values: DUE_DRILLS },
  kind: { says: 'difference', values: FINDING_KINDS },
  'keyward_canary_touches_total.kind': { says: 'kind of canary', values: CANARY_KINDS },
  use: { says: 'how the canary was used ([what rings](canaries.md#what-rings))', values: CANARY_USES },
  target: { says: 'name of the notification target' },
  signal: { says: 'what was sent', values: SIGNALS },
  'keyward_telemetry_exports_total.outcome': {
    says: 'result of the attempt; none is retried',
    values: ['ok', 'failed'],
  },
  why: { says: 'the queue was full, or the collector did not take them', values: ['queue', 'collector'] },
  outcome: {
    says: 'result of the attempt; `failed` is retried',
    values: COUNTED_OUTCOMES,
  },
  gauge: { says: 'name of the gauge' },
  version: { says: 'version of Keyward' },
  holds: { says: 'what lies on the disk', values: ['database', 'archive'] },
  obstacle: { says: 'what blocks the rotation', values: ROTATION_OBSTACLES },
  'keyward_key_proofs.status': { says: 'what read-back showed', values: PROOF_STATUSES },
  'keyward_keys.state': { says: 'state of the key', values: KEY_STATES },
  'keyward_key_created_timestamp_seconds.state': {
    says: 'state of the key',
    values: ['pre_activation', 'active'],
  },
  'keyward_key_sign_until_timestamp_seconds.state': {
    says: 'state of the key',
    values: ['pre_activation', 'active'],
  },
  'keyward_signer_state.state': { says: 'state of the signer', values: LINK_STATES },
  'keyward_security_events_unresolved.state': {
    says: 'state of the event',
    values: UNRESOLVED_STATES,
  },
  'keyward_reports_unclosed.state': { says: 'state of the report', values: UNCLOSED_STATES },
};

/** What a label of that metric means; undefined for one that nobody has described. */
export function labelMeaning(metric: string, label: string): LabelMeaning | undefined {
  return LABELS[`${metric}.${label}`] ?? LABELS[label];
}
