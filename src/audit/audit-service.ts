import type { Logger } from 'pino';
import type { ClockListener, ClockWatch } from '../clock/clock-watch.ts';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import { openAuditKey } from '../hsm/service-keys.ts';
import type { RefusalWatch } from '../kernel/activity.ts';
import type { CheckpointSource } from '../kernel/audit-chain.ts';
import type { Clock, ClockConfirmation } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { RecordGap } from '../kernel/record-gap.ts';
import type { Leadership } from '../kernel/registry.ts';
import {
  conditionOver,
  type EventRaiser,
  type SecurityEventReport,
  securityEvent,
} from '../kernel/security-events.ts';
import type { Signer } from '../kernel/signer.ts';
import { raiseRefused } from '../keys/open-registry.ts';
import type { OpenedKey } from '../keys/registry-key.ts';
import { type RunningTask, startPeriodicTask } from '../lib/periodic-task.ts';
import type { Gauges } from '../metrics/gauges.ts';
import { Checkpointer } from './checkpointer.ts';
import { createClockConfirmation, loggingJumps } from './clock.ts';
import { openDeliveries } from './open-deliveries.ts';
import { lifeEvent, startedEvent } from './open-sinks.ts';
import { RefusalCount } from './refusal-count.ts';
import { certifyRun } from './repair-runs.ts';
import type { Sinks } from './sinks.ts';
import type { Trail } from './trail.ts';

const TICK_MS = 1_000;
const REFUSALS_EVERY_MS = 60_000;
const HELD_UP = 'audit trail held up: no checkpoints';

export interface AuditServiceDeps extends Trail {
  readonly config: Config;
  readonly sinks: Sinks;
  readonly store: Pick<Store, 'registry' | 'checkpointWanted'>;
  /** What two persons accepted as lost. */
  readonly recordGaps: { list(): readonly RecordGap[] };
  readonly signer: Pick<Signer, 'sign' | 'sealed'>;
  readonly leadership: Leadership;
  readonly clock: Clock;
  /** Opened before the database was compared with the sinks. */
  readonly clockWatch: ClockWatch;
  readonly log: Logger;
  readonly raiser: EventRaiser;
}

interface AuditService {
  readonly checkpoints: CheckpointSource;
  readonly confirmation: ClockConfirmation;
  readonly refusals: RefusalWatch;
  readonly gauges: Gauges;
  /**
   * Tells of the start, with the configuration, and begins to serve the sinks and to take checkpoints; the first one
   * at once where a restore was accepted, which stands once it is covered.
   */
  start(given: { readonly checkpointNow: boolean }): Promise<void>;
  /** Ends with a last checkpoint, as far as the HSM lets. */
  stop(): Promise<void>;
}

/** Of a database that was held against the sinks. */
export async function openAuditService(deps: AuditServiceDeps): Promise<AuditService> {
  const { config, store, audit, runs, recordGaps, signer, leadership, clock } = deps;
  const row = await store.registry.serviceKey('audit');
  const auditKey = openAuditKey(config, row, signer);
  await certifyRun({ runs, auditKey, clock }).catch((err: unknown) =>
    deps.log.error({ err }, 'the key of this run is not certified yet; it is tried again'),
  );
  const latest = await audit.lastCheckpoint();
  const { clockWatch: timeGuard } = deps;
  timeGuard.follow(raisingJumps(deps));
  const deliveries = await openDeliveries(deps, latest, auditKey.publicJwk);
  const checkpointer = new Checkpointer(
    {
      log: audit,
      auditKey,
      sealed: async (latest) => (await signer.sealed({ checkpoint: latest, head: null })).checkpoint,
      gaps: () => recordGaps.list(),
      clock,
      timeGuard,
      leadership,
      onStored: ({ time }) => timeGuard.vouch(time),
      deliveries,
      everySeconds: config.audit.checkpoint_seconds,
      everyEvents: config.audit.checkpoint_events,
    },
    latest,
  );
  return run(deps, auditKey, checkpointer);
}

function raisingJumps({ log, raiser }: AuditServiceDeps): ClockListener {
  const { onJump, onSteady } = loggingJumps(log);
  let told: { readonly report: SecurityEventReport; readonly since: number } | undefined;
  return {
    onJump(found) {
      onJump(found);
      const { kind: jump, wall, expected } = found;
      told = { report: securityEvent('clock.jump', { jump, wall, expected }), since: wall };
      raiser.raise(told.report);
    },
    onSteady() {
      onSteady();
      if (told) raiser.raise(conditionOver(told.report, told.since));
      told = undefined;
    },
  };
}

const FOREIGN_HEAD = {
  table: 'registry_head',
  id: '1',
  why: 'it is not the one that the service left: no checkpoint is taken of it',
};

function isForeignHead(error: unknown): boolean {
  return error instanceof KeywardError && error.code === 'registry_refused';
}

function run(
  {
    config,
    store: { checkpointWanted },
    audit,
    runs,
    sinks,
    clock,
    clockWatch,
    log,
    raiser,
  }: AuditServiceDeps,
  auditKey: OpenedKey,
  checkpointer: Checkpointer,
): AuditService {
  const { kid, publicJwk } = auditKey;
  const refusals = new RefusalCount();
  const reportingForeignHead = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (isForeignHead(error)) raiseRefused(FOREIGN_HEAD, { events: raiser, clock });
      throw error;
    }
  };
  const attempt = (work: () => Promise<void>): Promise<void> =>
    reportingForeignHead(work).catch((err: unknown) => log.error({ err }, HELD_UP));
  const recordRefusals = async () => {
    for (const event of refusals.take()) await audit.record(event);
  };
  const told = { log, failure: HELD_UP, recovery: 'audit trail goes on' };
  const tasks: RunningTask[] = [];
  return {
    checkpoints: { auditKey: { kid, publicJwk }, latest: () => checkpointer.latest() },
    confirmation: createClockConfirmation({
      watch: clockWatch,
      sinks,
      audit,
      clock,
      seal: () => attempt(() => checkpointer.take()),
    }),
    refusals,
    gauges: {
      auditSinkUp: () => Object.fromEntries(sinks.all.map(({ name, failing }) => [name, failing ? 0 : 1])),
      /** Since ever, where there is none. */
      checkpointAge: () => clock.nowSeconds() - (checkpointer.latest()?.time ?? 0),
      clockTrusted: () => (clockWatch.examine() === undefined ? 1 : 0),
      clockTime: () => clock.nowSeconds(),
    },
    async start({ checkpointNow }) {
      checkpointWanted.subscribe(() => checkpointer.soon());
      const checkpointing = startPeriodicTask({
        tick: () =>
          reportingForeignHead(() =>
            Promise.all([certifyRun({ runs, auditKey, clock }), checkpointer.tick()]),
          ),
        everyMs: TICK_MS,
        ...told,
      });
      tasks.push(
        startPeriodicTask({ tick: async () => void clockWatch.examine(), everyMs: TICK_MS, ...told }),
        startPeriodicTask({ tick: recordRefusals, everyMs: REFUSALS_EVERY_MS, ...told }),
        checkpointing,
      );
      await audit.record(startedEvent(config));
      if (checkpointNow) await attempt(() => checkpointer.take());
      else checkpointing.soon(0);
    },
    async stop() {
      await Promise.all(tasks.map((task) => task.stop()));
      await attempt(recordRefusals);
      await attempt(() => audit.record(lifeEvent('service.stopped', {})));
      await attempt(() => checkpointer.take());
      sinks.close();
    },
  };
}
