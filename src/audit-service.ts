import type { Logger } from 'pino';
import { Checkpointer } from './audit/checkpointer.ts';
import { Delivery } from './audit/delivery.ts';
import { RefusalCount } from './audit/refusal-count.ts';
import type { Sinks } from './audit/sinks.ts';
import { lifeEvent, startedEvent } from './audit-life-events.ts';
import { newestTime, witnessesOf } from './audit-witnesses.ts';
import type { Config } from './config.ts';
import type { DeliveryPosition } from './domain/audit-log.ts';
import type { SinkTail } from './domain/audit-sink.ts';
import type { CheckpointSource, StoredCheckpoint } from './domain/checkpoint.ts';
import type { Clock, TimeGuard } from './domain/clock.ts';
import type { RefusalWatch } from './domain/refused-request.ts';
import { type SecurityEvents, securityEvent } from './domain/security-events.ts';
import type { Signer } from './domain/signer.ts';
import { type OpenedKey, openServiceKey } from './keys/registry-key.ts';
import type { Store } from './store/open-store.ts';
import type { ClockJump, ClockWatch } from './watch/clock-watch.ts';
import { watchClock } from './watch-clock.ts';

const TICK_MS = 1_000;
const REFUSALS_EVERY_MS = 60_000;

export interface AuditServiceParts {
  readonly config: Config;
  readonly sinks: Sinks;
  readonly store: Pick<Store, 'audit' | 'registry'>;
  readonly signer: Pick<Signer, 'sign'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly securityEvents: SecurityEvents;
}

export interface AuditService {
  readonly checkpoints: CheckpointSource;
  readonly timeGuard: TimeGuard;
  readonly refusals: RefusalWatch;
  /** 1 for each sink whose last write it confirmed, 0 for the others. */
  sinksUp(): Readonly<Record<string, number>>;
  /** Seconds since the last checkpoint; since ever, where there is none. */
  checkpointAge(): number;
  /** Whether the clock can be believed, looked at now. */
  clockTrusted(): boolean;
  /**
   * Tells of the start, with the configuration, and begins to serve the sinks and to take checkpoints; the first one
   * at once where a restore was accepted, which stands once it is covered.
   */
  start(given: { readonly checkpointNow: boolean }): Promise<void>;
  /** Ends with a last checkpoint, as far as the HSM lets. */
  stop(): Promise<void>;
}

/** Readies all that keeps the audit trail, of a database that was held against the sinks. */
export async function openAuditService(parts: AuditServiceParts): Promise<AuditService> {
  const { config, sinks, store, signer, clock } = parts;
  const { audit } = store;
  const row = await store.registry.serviceKey('audit');
  const auditKey = openServiceKey('audit', row, config.hsm.audit_key, signer);
  const latest = await audit.lastCheckpoint();
  const witnesses = await witnessesOf(parts);
  const timeGuard = watchClock({
    lastCheckpointTime: await newestTime(witnesses, latest?.time, auditKey),
    onJump: (jump) => tellOfJump(jump, parts),
    onSteady: () => parts.log.warn('the clock is right again'),
  });
  const positions = await audit.positions();
  const deliveries = sinks.all.map((sink) => {
    const tail = witnesses.find(({ name }) => name === sink.name)?.tail;
    const reached = tail ? reachedBy(tail) : remembered(positions.get(sink.name), latest);
    return new Delivery(sink, audit, reached, auditKey.publicJwk);
  });
  const checkpointer = new Checkpointer(
    {
      log: audit,
      auditKey,
      clock,
      timeGuard,
      deliveries,
      everySeconds: config.audit.checkpoint_seconds,
      everyEvents: config.audit.checkpoint_events,
    },
    latest,
  );
  return run(parts, auditKey, checkpointer, timeGuard);
}

function reachedBy({ event, checkpoint }: SinkTail): DeliveryPosition {
  return { sequence: event?.sequence ?? 0, checkpointNumber: checkpoint?.number ?? 0 };
}

/** Nobody vouches for what is remembered: all since the last checkpoint is told again, and that one too. */
function remembered(
  position: DeliveryPosition | undefined,
  latest: StoredCheckpoint | undefined,
): DeliveryPosition {
  if (!position || !latest) return { sequence: 0, checkpointNumber: 0 };
  return {
    sequence: Math.min(position.sequence, latest.auditSequence),
    checkpointNumber: Math.min(position.checkpointNumber, latest.number - 1),
  };
}

/** The event waits for nobody: where it cannot be written, the log has it. */
function tellOfJump(found: ClockJump, { log, securityEvents }: AuditServiceParts): void {
  log.fatal({ event: 'clock.jump', ...found }, 'the clock jumped: no tokens until it is right again');
  const { kind: jump, wall, expected } = found;
  securityEvents
    .raise(securityEvent('clock.jump', { jump, wall, expected }))
    .catch((err: unknown) => log.error({ err }, 'clock.jump could not be written'));
}

function run(
  { config, store: { audit }, sinks, clock, log }: AuditServiceParts,
  { kid, publicJwk }: OpenedKey,
  checkpointer: Checkpointer,
  timeGuard: ClockWatch,
): AuditService {
  const refusals = new RefusalCount();
  let failing = false;
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
      if (failing) log.info('audit trail goes on');
      failing = false;
    } catch (err) {
      if (!failing) log.error({ err }, 'audit trail held up: no checkpoints');
      failing = true;
    }
  };
  const tick = () => {
    timeGuard.examine();
    return attempt(() => checkpointer.tick());
  };
  const tellRefusals = () =>
    attempt(async () => {
      for (const event of refusals.take()) await audit.record(event);
    });
  const timers: NodeJS.Timeout[] = [];
  return {
    checkpoints: { auditKey: { kid, publicJwk }, latest: () => checkpointer.latest() },
    timeGuard,
    refusals,
    sinksUp: () => Object.fromEntries(sinks.all.map(({ name, failing }) => [name, failing ? 0 : 1])),
    checkpointAge: () => clock.nowSeconds() - (checkpointer.latest()?.time ?? 0),
    clockTrusted: () => timeGuard.examine() === undefined,
    async start({ checkpointNow }) {
      timers.push(setInterval(() => void tick(), TICK_MS));
      timers.push(setInterval(() => void tellRefusals(), REFUSALS_EVERY_MS));
      await audit.record(startedEvent(config));
      if (checkpointNow) await attempt(() => checkpointer.take());
      else void tick();
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await tellRefusals();
      await attempt(() => audit.record(lifeEvent('service.stopped', {})));
      await attempt(() => checkpointer.take());
      sinks.close();
    },
  };
}
