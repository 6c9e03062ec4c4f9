import type { Logger } from 'pino';
import { openAccess, openGate } from './access/index.ts';
import { openAudit, openChains, openSinks, openTrail } from './audit/index.ts';
import { openCanaries } from './canaries/index.ts';
import type { Config } from './config.ts';
import type { Environment } from './config-environment.ts';
import {
  catchHangups,
  openReload,
  requireTlsFiles,
  warningsOf,
  withLiveLimits,
} from './configuration/index.ts';
import type { Loss } from './db/engine.ts';
import { joinDatabase } from './db/open-engine.ts';
import { openStore } from './db/open-store.ts';
import { ActivityAggregator, openDetector, recordCallers } from './detection/index.ts';
import { openDrills } from './drills/index.ts';
import { createOutageWatch, openEvents, openLog } from './events/index.ts';
import { frontGauges, openHealth, openWatches, storeEventTeller } from './health/index.ts';
import { openHsm, protectMemory } from './hsm/index.ts';
import { openInventory } from './inventory/index.ts';
import { openIssuance } from './issuance/index.ts';
import { type Capability, listed, routesOf } from './kernel/capability.ts';
import { systemClock as clock } from './kernel/clock.ts';
import { createKeyRing, loadKeys, openKeys, openSignedRegistry } from './keys/index.ts';
import { openLeaks } from './leaks/index.ts';
import { openLedger } from './ledger/index.ts';
import { boundHeap } from './lib/node-flags.ts';
import { createMetrics } from './metrics/metrics.ts';
import { openNotifications } from './notifications/index.ts';
import { openProbes } from './probes/index.ts';
import { openPublication } from './publication/index.ts';
import { openReports } from './reports/index.ts';
import {
  checkDatabase,
  createLeftBehindRepeater,
  createRecordGaps,
  replayRestrictions,
} from './restore/index.ts';
import { openReviews } from './reviews/index.ts';
import { openRevocation } from './revocation/index.ts';
import { passedSockets } from './server/passed-sockets.ts';
import { listenOnPlanes } from './server/planes.ts';
import { openTracing } from './tracing/index.ts';
import { openVerification } from './verification/index.ts';

/** `keyward serve`: joins the capabilities, runs until SIGTERM or SIGINT, and takes them down in the reverse order. */
export async function serve(given: Config, environment: Environment): Promise<void> {
  boundHeap();
  const hangups = catchHangups();
  const config = withLiveLimits(given);
  const coreDumps = protectMemory(config, environment);
  const identities = requireTlsFiles(config);
  const passed = passedSockets(environment.listen);
  const stopping = stopSignal();
  const metrics = createMetrics();
  const outages = createOutageWatch(clock);
  const log = openLog(config, metrics, outages);
  await using parts = new AsyncDisposableStack();
  const capabilities: Capability[] = [];
  const add = <C extends Capability>(capability: C): C => {
    capabilities.push(capability);
    metrics.watch(capability.gauges ?? {});
    parts.defer(() => capability.stop?.());
    return capability;
  };

  log.info({ mode: config.mode, config: config.file }, 'keyward starts');
  for (const warning of warningsOf(config)) log.warn(warning);
  if (!coreDumps.ok) log.error({ problems: coreDumps.problems }, 'core dumps could not be ruled out');

  const { tracer } = add(await openTracing({ config, metrics, log }));
  const leadership = await joinDatabase(config.database, config.ledger.archive_dir);
  parts.defer(() => leadership.release());
  void leadership.lost.then(endOfService(log));
  metrics.watch(frontGauges(leadership, config.database));
  const sinks = openSinks(config, clock, log, outages);
  const store = await openStore({
    database: config.database,
    owner: leadership,
    queueLimit: config.limits.queued_records,
    archiveDir: config.ledger.archive_dir,
    clock,
    gate: sinks,
    onEvent: storeEventTeller({ sinks, metrics, log, clock, outages }),
  });
  parts.defer(() => store.close());
  const keyRing = createKeyRing();
  const recordGaps = createRecordGaps(store.reader, store.changes);
  const opened = {
    store,
    registry: store.registry,
    ...openTrail(store, clock, config.database),
    recordGaps,
    keyRing,
  };
  const stored = { config, metrics, outages, clock, log, tracer, sinks, ...opened };
  const hsm = add(await openHsm({ ...stored, leadership }));
  await hsm.start();
  leadership.leadIf(hsm.isThere);
  const { signer, links, retryPins } = hsm;
  const database = add(await checkDatabase({ ...stored, signer, retryPins, stopping, passed, leadership }));
  if (!database.trusted) return;

  const checked = { ...stored, ...database.trusted, signer, leadership };
  const { eventStore, securityEvents, raiser } = add(await openEvents(checked));
  const telling = { ...checked, eventStore, securityEvents, raiser, events: raiser };
  const notifications = add(await openNotifications({ ...telling, settings: config.notifications }));
  const audit = add(await openAudit(telling));
  // Before the last checkpoint, so that it covers these events.
  parts.defer(() => raiser.stop());
  add(await openSignedRegistry(telling));
  const canaries = openCanaries(telling);
  const gaps = recordGaps.list;
  const chains = await openChains({ ...telling, gaps });
  await loadKeys(telling);

  const access = add(openAccess(telling));
  const activity = new ActivityAggregator();
  // What is refused meanwhile is refused rightly, as far as this front knows; the watch tells why it knows no more.
  const news = () => store.follower.look().catch(() => false);
  const admitting = { ...telling, ...access, canaries, gaps, activity, facts: activity, news };
  const inForce = await chains.loadRevocations(keyRing.scopes().map(({ id }) => id));
  const { revocations } = add(openRevocation({ ...admitting, inForce }));
  const erasable = () => listed('erasable', capabilities);
  const records = add(openLedger({ ...admitting, revocations, erasable }));
  const { ledger, reader: ledgerReader, bulkReader } = records;
  const { verifiers } = add(openPublication({ ...admitting, revocations }));
  const keys = add(await openKeys({ ...admitting, served: hsm.served, verifiers }));
  add(openInventory({ ...admitting, signers: hsm, canaries: canaries.inInventory }));
  const issuance = add(openIssuance({ ...admitting, ledger, revocations, holds: keys.holds }));
  const { issuer, issuerWith } = issuance;
  const verification = add(
    openVerification({
      ...admitting,
      ledger: ledgerReader,
      revocations,
      suspender: keys.suspender,
      // A verdict lasts: none is given by what may have changed.
      news: () => store.follower.look(),
    }),
  );
  add(canaries.administration({ issuer, revocations, keys: keys.canaryKeys }));
  const probes = add(openProbes({ ...admitting, issuerWith }));
  const restricting = { ...admitting, keys: keys.administration };
  const leftBehind = add(createLeftBehindRepeater(restricting));
  const replayed = (await replayRestrictions(restricting)) + (await leftBehind.atStart());
  add(await openDrills({ ...admitting, config: config.drills }));
  add(await openReviews({ ...admitting, config: config.reviews }));
  const { disks } = add(await openHealth({ ...admitting, links }));
  add(await openDetector(admitting));
  const { leaks } = add(openLeaks({ ...admitting, ledger: bulkReader, revocations }));
  const { verifier } = verification;
  add(
    await openReports({
      ...admitting,
      config: config.reports,
      ledger: bulkReader,
      revocations,
      verifier,
      leaks,
    }),
  );
  const reload = add(openReload({ ...admitting, notifications, hangups, identities }));
  const { gate } = add(await openGate({ ...admitting, acts: listed('acts', capabilities) }));

  const planes = await listenOnPlanes({
    ...admitting,
    passed,
    limits: config.limits,
    gate,
    callers: canaries.watchCallers(recordCallers(audit.refusals, activity, clock)),
    // Express tries routes in their order: the hot path comes first.
    routes: routesOf([issuance, verification, ...capabilities]),
  });
  // Where what follows fails: what answers would keep the process from ending.
  parts.defer(() => Promise.all(Object.values(planes).map((plane) => plane.close())).then(() => {}));
  await audit.start({ checkpointNow: database.trusted.isSucceeded || replayed > 0 });
  await notifications.start(raiser);
  reload.start(planes);
  const tasks = listed('tasks', capabilities);
  const watches = openWatches({ ...admitting, chains, disks, tasks, verifiers });
  for (const running of [watches, probes.start(), records.start()]) parts.defer(() => running.stop());
  await leadership.started();
  log.info({ host: config.data_plane.host, port: planes.data.port }, 'data plane listens');
  log.info({ host: config.operations_plane.host, port: planes.operations.port }, 'operations plane listens');

  log.info({ signal: await stopping }, 'draining');
  await Promise.all(Object.values(planes).map((plane) => plane.handOver(config.limits.drain_seconds)));
  const drained = Object.values(planes).map((plane) => plane.drain(config.limits.drain_seconds));
  for (const capability of capabilities) capability.drain?.();
  await Promise.all(drained);
  log.info('stopped');
}

/** What it holds in memory is not true any more: it answers nothing more from it. */
function endOfService(log: Logger): (loss: Loss) => never {
  return ({ event, message }) => {
    log.fatal({ event }, message);
    process.exit(1);
  };
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
