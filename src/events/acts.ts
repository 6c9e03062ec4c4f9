import { ACTS, type ActName, DECISIONS, type Persons } from '../kernel/acts.ts';
import type { StoredEvent } from '../kernel/audit.ts';
import { auditDetailsIn } from '../kernel/audit-chain.ts';
import type { Evidence } from '../kernel/event-evidence.ts';
import { DRILL_ISSUER } from '../kernel/issuance.ts';
import type { KeyRing, KnownKeys } from '../kernel/key.ts';
import type { DONE } from '../kernel/security-event-types.ts';
import { type SecurityEventReport, securityEvent } from '../kernel/security-events.ts';

/** What the table of acts asks of the keys. */
export type ActKeys = Pick<KeyRing, 'scope' | 'scopes'> & Pick<KnownKeys, 'knownKey' | 'knownKeysOf'>;

type Details = Readonly<Record<string, unknown>>;

/** An act of the audit trail, with what every event about one has. */
interface Done {
  readonly act: ActName;
  readonly subject: string;
  /** The subject without its kind. */
  readonly name: string;
  readonly details: Details;
  readonly evidence: Evidence<(typeof DONE)[number]>;
  readonly persons: Evidence<'alone' | 'single_operator'>;
}

type Telling = (done: Done, keys: ActKeys) => SecurityEventReport;

interface ToldAct {
  /** The audit event that testifies to the act. */
  readonly audited: string;
  readonly tell: Telling;
}

interface UntoldAct {
  readonly untold: string;
}

const told = (audited: string, tell: Telling): ToldAct => ({ audited, tell });
const untold = (why: string): UntoldAct => ({ untold: why });

const keyCompromised: Telling = ({ evidence, ...done }, keys) =>
  securityEvent('key.compromised', { ...ofKey(done, keys), ...evidence });
const keySuspended: Telling = ({ evidence, ...done }, keys) =>
  securityEvent('key.suspended', { ...ofKey(done, keys), ...evidence });
const keyResumed: Telling = ({ evidence, ...done }, keys) =>
  securityEvent('key.resumed', { ...ofKey(done, keys), ...evidence });

const hsmCompromised: Telling = ({ name: hsm_token, evidence }, keys) => {
  const scopes = keys.scopes().map(({ id }) => id);
  const holds = (scope: string) => keys.knownKeysOf(scope).some(({ key }) => key.hsmToken === hsm_token);
  return securityEvent('hsm.compromised', { hsm_token, scopes: scopes.filter(holds), ...evidence });
};

const operatorChanged: Telling = ({ act, name: operator, details, evidence }) =>
  securityEvent('operator.changed', { operator, act, roles: textsIn(details.roles), ...evidence });

const clientChanged: Telling = (done) => {
  const { act, name: client, details, persons, evidence } = done;
  const [scope, action] = [textIn(details.scope), textIn(details.action)];
  return securityEvent('client.changed', { client, act, scope, action, ...persons, ...evidence });
};

const scopeChanged: Telling = (done) => {
  const { act, name: scope, details, persons, evidence } = done;
  const changed = Object.keys(objectIn(details.is));
  return securityEvent('scope.changed', { scope, act, details: changed, ...persons, ...evidence });
};

const rotationPaused: Telling = ({ name: scope, details, evidence }) => {
  const { until, reason } = objectIn(details.is);
  const paused_until = typeof until === 'number' ? until : 0;
  return securityEvent('rotation.paused', { scope, paused_until, ...evidence, why: textIn(reason) });
};

const performed: Telling = (done) => {
  const { act, subject: concerns, details, persons, evidence } = done;
  const scope = textIn(details.scope);
  return securityEvent('act.performed', { act, concerns, scope, ...persons, ...evidence });
};

const IN_THE_FILE = 'the configuration has it, which no act of the gate changes';

/** Which audit event testifies to an act of the gate, and how people are told of it; or why they are not. */
export const ACT_EVENTS: Readonly<Record<ActName, ToldAct | UntoldAct>> = {
  'scope.create': told('scope.created', scopeChanged),
  'scope.policy': told('scope.changed', scopeChanged),
  'client.create': told('client.created', clientChanged),
  'client.credential': told('client.credential_replaced', clientChanged),
  'client.describe': told('client.described', clientChanged),
  'client.revoke': told('client.revoked', clientChanged),
  'grant.add': told('grant.added', clientChanged),
  'grant.remove': told('grant.withdrawn', clientChanged),
  'probe.set': told('probe.set', clientChanged),
  'probe.remove': told('probe.removed', clientChanged),
  'operator.create': told('operator.created', operatorChanged),
  'operator.credential': told('operator.credential_replaced', operatorChanged),
  'operator.roles': told('operator.roles_changed', operatorChanged),
  'operator.revoke': told('operator.revoked', operatorChanged),
  'key.rotate': untold('rotation is routine; what hinders it is told'),
  'key.suspend': told('key.suspended', keySuspended),
  'key.resume': told('key.resumed', keyResumed),
  'key.compromise': told('key.compromised', keyCompromised),
  'key.destroy': told('key.destruction_ordered', performed),
  'key.undo_rotation': told('key.rotation_undone', performed),
  'hsm.compromise': told('hsm.compromised', hsmCompromised),
  'hsm.clear_pin_latch': told('hsm.pin_latch_cleared', performed),
  'rotation.pause': told('rotation.paused', rotationPaused),
  'rotation.unpause': told('rotation.resumed', performed),
  'revocation.add': untold('revoking is routine, and may be frequent; it restricts'),
  'ledger.erase': told('ledger.erasure_requested', performed),
  'report.erase': told('report.erased', performed),
  'canary.create': untold('who learns where canaries are, avoids them'),
  'canary.retire': told('canary.retired', performed),
  'audit.sinks': untold(IN_THE_FILE),
  'notification.routes': untold(IN_THE_FILE),
  'retention.shorten': untold(IN_THE_FILE),
  'service_key.enrol': told('service_keys.enrolled', performed),
  'audit.confirm_unwitnessed': told('audit.unwitnessed_confirmed', performed),
  'database.accept_restore': untold('database.restored tells it'),
  'clock.confirm': told('clock.confirmed', performed),
};

const PROPOSED = 'proposal.opened';
const FAILED_OVER = 'hsm.failed_over';

const TOLD = new Map(
  Object.entries(ACT_EVENTS).flatMap(([act, row]) =>
    'audited' in row ? [[row.audited, { act: act as ActName, tell: row.tell }] as const] : [],
  ),
);

/**
 * What people are told of that event of the audit trail, of what people did or of a failover; undefined for most.
 * `singleOperator`: the configuration lets one person do what takes two.
 */
export function eventOfAct(
  event: StoredEvent,
  keys: ActKeys,
  singleOperator: boolean,
): SecurityEventReport | undefined {
  if (event.type === PROPOSED) return proposalWaiting(event, keys);
  if (event.type === FAILED_OVER) return failedOver(event, keys);
  const row = TOLD.get(event.type);
  if (!row) return undefined;
  const { subject, detailsJson } = event;
  const done = { act: row.act, details: auditDetailsIn(detailsJson), evidence: doneBy(event) };
  const persons = { alone: isAlone(done), single_operator: singleOperator };
  return row.tell({ ...done, subject, name: nameIn(subject), persons }, keys);
}

function proposalWaiting(event: StoredEvent, keys: ActKeys): SecurityEventReport {
  const { act, subject, parameters, expires_at } = auditDetailsIn(event.detailsJson);
  const concerns = textIn(subject) ?? '';
  return securityEvent('proposal.waiting', {
    proposal: nameIn(event.subject),
    act: textIn(act) ?? '',
    concerns,
    scope: scopeOf(concerns, objectIn(parameters), keys),
    role: DECISIONS.approve,
    expires_at: typeof expires_at === 'number' ? expires_at : 0,
    ...doneBy(event),
  });
}

function failedOver(event: StoredEvent, keys: ActKeys): SecurityEventReport {
  const { why, at, audit_event } = doneBy(event);
  const { promoted, waiting } = auditDetailsIn(event.detailsJson);
  return securityEvent(FAILED_OVER, {
    hsm_token: nameIn(event.subject),
    scopes: (textsIn(promoted) ?? []).flatMap((kid) => keys.knownKey(kid)?.key.scopeId ?? []),
    waiting: textsIn(waiting) ?? [],
    why,
    at,
    audit_event,
  });
}

function scopeOf(concerns: string, parameters: Details, keys: ActKeys): string | null {
  if (concerns.startsWith('scope:')) return nameIn(concerns);
  if (concerns.startsWith('key:')) return keys.knownKey(nameIn(concerns))?.key.scopeId ?? null;
  return textIn(parameters.scope);
}

function ofKey({ name: kid, details }: Pick<Done, 'name' | 'details'>, keys: ActKeys) {
  const scope = textIn(details.scope) ?? keys.knownKey(kid)?.key.scopeId ?? '';
  return { scope, kid, rehearsal: keys.scope(scope)?.issuer === DRILL_ISSUER };
}

/** What two persons decided was told when it was proposed. */
function isAlone({ act, details, evidence }: Pick<Done, 'act' | 'details' | 'evidence'>): boolean {
  if (evidence.approved_by !== null) return false;
  const persons: Persons | ((facts: never) => Persons) = ACTS[act].persons;
  return typeof persons === 'number' ? persons === 2 : (textsIn(details.weakens)?.length ?? 0) > 0;
}

function doneBy({ actor, requestId, time, sequence, detailsJson }: StoredEvent): Done['evidence'] {
  const { approved_by, why, reason } = auditDetailsIn(detailsJson);
  return {
    by: actor,
    approved_by: textIn(approved_by),
    why: textIn(why) ?? textIn(reason),
    request_id: requestId,
    at: time,
    audit_event: sequence,
  };
}

function nameIn(subject: string): string {
  return subject.slice(subject.indexOf(':') + 1);
}

function textIn(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function textsIn(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

function objectIn(value: unknown): Details {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
