import type { Logger } from 'pino';
import type { Sinks } from '../audit/sinks.ts';
import type { StoreEvent } from '../db/write-health.ts';
import type { OutageWatch } from '../events/outages.ts';
import { KEYWARD } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import type { SecurityEventType } from '../kernel/security-event-types.ts';
import type { Metrics } from '../metrics/metrics.ts';

interface StoreEventDeps {
  readonly sinks: Pick<Sinks, 'confirm'>;
  readonly metrics: Pick<Metrics, 'securityEvents' | 'groupsFenced'>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly outages: Pick<OutageWatch, 'isOver' | 'unstored'>;
}

type UrgentChange = Omit<Extract<StoreEvent, { readonly name: 'urgent_change' }>, 'name'>;

const RUNBOOK = 'docs/runbooks/service.md#the-database-fails-databasefailing';
/** Over by themselves; of a full disk the line alone, once it is told. */
const PASSING: ReadonlySet<string> = new Set(['locked', 'no_memory', 'writer_lost', 'full']);
const FULL_DISK = 'docs/runbooks/full-disk.md#ledgerdisk';

/** Near its end a disk takes some writes and refuses others: told again after so long. */
const FULL_AGAIN_MS = 300_000;

/** What log, metrics, sinks and notification targets are told of the store, where the store itself may take no event. */
export function createStoreEventHandler(deps: StoreEventDeps, nowMs = () => performance.now()) {
  let fullToldAt = Number.NEGATIVE_INFINITY;
  const tellRecovery = recoveryTeller(deps);
  return (event: StoreEvent): void => {
    if (event.name === 'group_fenced') {
      deps.metrics.groupsFenced.inc();
      return;
    }
    tellRecovery(event);
    const isFull = 'condition' in event && event.condition === 'full';
    if (isFull && nowMs() - fullToldAt >= FULL_AGAIN_MS) {
      fullToldAt = nowMs();
      const { name, ...details } = event;
      deps.log.fatal({ event: 'ledger.disk', runbook: FULL_DISK, ...details }, name);
      raiseAround('ledger.disk', 'disk:database', { why: details.condition }, deps);
    } else {
      raiseStoreEvent(event, deps);
    }
  };
}

const RECOVERED_FROM: ReadonlyMap<StoreEvent['name'], StoreEvent['name']> = new Map([
  ['write_recovered', 'write_failed'],
  ['read_recovered', 'read_failed'],
]);

/** The end of what was told as `database.failing`. */
function recoveryTeller({ clock, outages }: StoreEventDeps): (event: StoreEvent) => void {
  const failingSince = new Map<StoreEvent['name'], number>();
  return (event) => {
    const { name } = event;
    if ('condition' in event && !PASSING.has(event.condition)) {
      failingSince.set(name, failingSince.get(name) ?? clock.nowSeconds());
    }
    const failed = RECOVERED_FROM.get(name) ?? name;
    const since = failingSince.get(failed);
    if (failed === name || since === undefined) return;
    failingSince.delete(failed);
    outages.isOver({ type: 'database.failing', subject: 'database' }, since);
  };
}

function raiseStoreEvent({ name, ...details }: StoreEvent, deps: StoreEventDeps): void {
  const { log } = deps;
  if (name === 'audit_trail_changed') {
    log.fatal(
      { event: 'audit.chain_broken', ...details },
      'somebody else wrote to the end of the audit trail: nothing is changed until the service is started anew',
    );
    raiseAround('audit.chain_broken', 'chain:audit', {}, deps);
  } else if ('change' in details) {
    tellUrgentChange(details, deps);
  } else if (name === 'urgent_change_unkept') {
    log.error(
      { err: 'cause' in details ? details.cause : undefined },
      'an urgent change is not kept on the disk of this host: restart nothing until standbys have it',
    );
  } else if (!('condition' in details)) {
    log.info(details, name);
  } else if (PASSING.has(details.condition)) {
    log.error(details, name);
  } else {
    log.fatal({ event: 'database.failing', runbook: RUNBOOK, ...details }, name);
    raiseAround('database.failing', 'database', { why: details.condition }, deps);
  }
}

/** An audit sink has it until the audit event itself may be sent, which waits for standbys. */
function tellUrgentChange({ state, change }: UrgentChange, { sinks, log }: StoreEventDeps): void {
  const { type, subject } = change;
  if (state === 'replicated') log.info({ type, subject }, 'standbys have an urgent change by now');
  else if (state === 'repeated')
    log.warn({ type, subject }, 'an urgent change was lost by a promotion and is repeated');
  else if (state === 'lost')
    log.fatal(
      { type, subject },
      'an urgent change was lost by a promotion, and another front has changed the same since: look whether it is in force again',
    );
  else {
    log.warn(
      { type, subject },
      'an urgent change is on the primary alone; it is repeated until standbys have it',
    );
    sinks.confirm(change).catch((err: unknown) => log.error({ err, type }, 'no audit sink could be told'));
  }
}

function raiseAround(
  type: SecurityEventType,
  subject: string,
  why: { readonly why?: string },
  { sinks, metrics, log, outages }: StoreEventDeps,
): void {
  const severity = 'critical';
  metrics.securityEvents.inc({ type, severity });
  sinks
    .confirm(actOf(KEYWARD, 'security_event.raised', subject, { type, severity, ...why }))
    .catch((err: unknown) => log.error({ err, event: type }, 'no audit sink could be told'));
  outages.unstored.emit({ type, severity, subject, evidence: why, isRetried: false });
}
