import { createAccess } from './access/create-access.ts';
import { openGate } from './api/acts.ts';
import { createDataPlane } from './api/data-plane.ts';
import { createOperationsPlane } from './api/operations-plane.ts';
import { openClockWatch } from './audit/clock.ts';
import { openAuditService } from './audit/index.ts';
import { openChains } from './audit/open-chains.ts';
import { openSinks } from './audit/open-sinks.ts';
import { tellUnwitnessed } from './audit/witnessed-trail.ts';
import { openCanaries } from './canaries/index.ts';
import type { Config } from './config.ts';
import { ownDatabase } from './db/database-file.ts';
import { openStore } from './db/open-store.ts';
import { ActivityAggregator, recordCallers, recordIssuance } from './detection/activity.ts';
import { openForgeryAlarm, openSecurityEvents } from './detection/alarms.ts';
import { openDetector } from './detection/index.ts';
import { openDrills } from './drills/index.ts';
import { createOutageWatch } from './events/outages.ts';
import { createRaiser } from './events/raise.ts';
import { unresolvedEvents } from './events/unresolved.ts';
import { watchDisks } from './health/disk.ts';
import { watchGauges } from './health/gauges.ts';
import { openWatches } from './health/index.ts';
import { createReadiness } from './health/readiness.ts';
import { storeEventTeller } from './health/store-events.ts';
import { openPinLatches } from './hsm/pin-latches.ts';
import { refuseRevealingFlags } from './hsm/production.ts';
import { openAuditKey } from './hsm/service-keys.ts';
import { openBindingKeys, openSigners, signingOf } from './hsm/signers.ts';
import { openInventory } from './inventory/index.ts';
import { createTokenIssuer, timeGuardedIssuer } from './issuance/issue-token.ts';
import { createSignatureChecker } from './issuance/signature-checker.ts';
import { type Grants, KEYWARD } from './kernel/actor.ts';
import type { Capability } from './kernel/capability.ts';
import { systemClock } from './kernel/clock.ts';
import type { ErrorCode } from './kernel/errors.ts';
import { signingScopes } from './kernel/key.ts';
import { createCeremonies, createKeyProver } from './keys/ceremonies.ts';
import { createRotationPauses, createScopeChanger } from './keys/change-scope.ts';
import { createDecoyKeys } from './keys/decoy-keys.ts';
import { watchKeyGauges } from './keys/gauges.ts';
import { openKeyLife } from './keys/index.ts';
import { createKeyRing } from './keys/key-ring.ts';
import { loadRing, trackLoadedKeys } from './keys/load-ring.ts';
import { openRegistry, signPending } from './keys/open-registry.ts';
import { createProvisioner } from './keys/provision-scope.ts';
import { openRegistryKey } from './keys/registry-key.ts';
import { createCompromiseReports } from './keys/report-compromise.ts';
import { openLeaks } from './leaks/index.ts';
import { createLedger, createLedgerReader } from './ledger/durable-ledger.ts';
import { keepRetention } from './ledger/retention.ts';
import type { Environment } from './lib/environment.ts';
import { LogOutlet } from './lib/log-outlet.ts';
import { KeyedMutex } from './lib/mutex.ts';
import { measuredIssuer, measuredSightings, measuredVerifier } from './metrics/measured.ts';
import { createMetrics } from './metrics/metrics.ts';
import { openNotifications } from './notifications/index.ts';
import { openProbes } from './probes/index.ts';
import { createPublication } from './publication/publication.ts';
import { createScopeEvents } from './publication/scope-events.ts';
import { createVerifierDirectory } from './publication/verifier-directory.ts';
import { erasableReports, openReports } from './reports/index.ts';
import { passReplacedToken } from './restore/replaced-token.ts';
import { replayRestrictions } from './restore/replay-restrictions.ts';
import { checkRollback } from './restore/restored-database.ts';
import { openReviews } from './reviews/index.ts';
import { Revocations } from './revocation/revocations.ts';
import { createTokenRevocation } from './revocation/revoke-token.ts';
import { LoopLoad } from './server/caller-budget.ts';
import { EventStreams } from './server/event-streams.ts';
import { listen } from './server/listener.ts';
import { createLogger } from './server/logger.ts';
import { forbidCoreDumps } from './signer/hygiene.ts';
import { createPolicyPreview } from './verification/preview-policy.ts';
import { createTokenVerifier } from './verification/verify-token.ts';

const SINGLE_OPERATOR =
  'single-operator mode: one operator alone does what takes two persons; not for production';

/** `keyward serve`: joins the parts, runs until SIGTERM or SIGINT, and takes them down in the reverse order. */
export async function serve(config: Config, environment: Environment): Promise<void> {
  const coreDumps = forbidCoreDumps();
  refuseRevealingFlags(config, process.execArgv, environment.nodeOptions);
  const stopping = stopSignal();
  const clock = systemClock;
  const logOutlet = new LogOutlet();
  const log = createLogger({ level: config.log.level, destination: logOutlet });
  const metrics = createMetrics();
  await using parts = new AsyncDisposableStack();

  log.info({ mode: config.mode, config: config.file }, 'keyward starts');
  if (config.mode === 'development') log.warn('development mode: not for production');
  if (!config.two_persons) log.warn(SINGLE_OPERATOR);
  if (!coreDumps.ok) log.error({ problems: coreDumps.problems }, 'core dumps could not be ruled out');

  const owner = ownDatabase(config.database.file);
  parts.defer(() => owner.release());
  const outages = createOutageWatch(clock);
  logOutlet.watch({
    failing: (why) => outages.log.began('log', why),
    works(lost) {
      outages.log.ended('log');
      log.error({ lost }, 'lines of the log were lost');
    },
  });
  metrics.watch('logLinesLost', () => logOutlet.lost);
  const sinks = openSinks(config, clock, log, outages);
  const store = await openStore({
    file: config.database.file,
    queueLimit: config.limits.queued_records,
    archiveDir: config.ledger.archive_dir,
    clock,
    gate: sinks,
    erasable: [erasableReports],
    onEvent: storeEventTeller({ sinks, metrics, log }),
  });
  parts.defer(() => store.close());

  const keyRing = createKeyRing();
  const signers = await openSigners(config, { registry: store.registry, log, metrics, keyRing, outages });
  parts.defer(() => signers.stop());
  await signers.start();
  const { links } = signers;
  const { signer, served } = trackLoadedKeys(signers.signer);

  const beforeKeys = { config, sinks, store, signer, clock, log, stopping };
  const succession = await passReplacedToken(beforeKeys);
  if (succession === 'stopped') return;
  const registryKey = openRegistryKey(
    await store.registry.serviceKey('registry'),
    config.hsm.registry_key,
    signer,
  );
  const auditKey = openAuditKey(config, await store.registry.serviceKey('audit'), signer);
  const clockWatch = await openClockWatch({ config, sinks, audit: store.audit, auditKey, log });
  if ((await checkRollback({ ...beforeKeys, clockWatch, registryKey })) === 'stopped') return;
  const bindingKeys = await openBindingKeys(config, store.registry, registryKey, signer);
  const notifications = await openNotifications({
    settings: config.notifications,
    store,
    audit: store.audit,
    keyRing,
    metrics,
    clock,
    settledTime: clockWatch,
    log,
  });
  parts.defer(() => notifications.stop());
  const securityEvents = openSecurityEvents(store.securityEvents, log, metrics);
  const raiser = createRaiser({ events: securityEvents, clock, log });
  metrics.watch('eventsUnresolved', await unresolvedEvents(store.securityEvents));
  const audit = await openAuditService({
    config,
    sinks,
    store,
    signer,
    clock,
    clockWatch,
    log,
    raiser,
  });
  parts.defer(() => audit.stop());
  // Before the last checkpoint, so that it covers these events.
  parts.defer(() => raiser.stop());
  tellUnwitnessed(store.unwitnessed, raiser);
  await openRegistry(store, registryKey, signer, log, raiser, clock);
  const pending = signPending(store, log);
  parts.defer(() => pending.stop());
  const canaries = openCanaries({ store, keyRing, events: raiser, metrics, clock, log });
  const gaps = store.recordGaps.list();
  const chains = await openChains({
    config,
    store,
    signer,
    gaps,
    raiser,
    // A clock that is ahead makes no revocation lapse.
    clock: { nowSeconds: () => clockWatch.earliestSeconds() },
    log,
  });
  const { refused, unfinished } = await loadRing({ registry: store.registry, keyRing, bindingKeys, signer });
  for (const key of refused) log.fatal(key, 'key refused: registry and binding record disagree');

  const access = await createAccess(store.access, clock, (id) => keyRing.scope(id) !== undefined);
  const making = { registry: store.registry, signer, bindingKeys, clock, keyRing, turns: new KeyedMutex() };
  const provisioner = createProvisioner(making);
  if (unfinished.length > 0) {
    log.warn({ unfinished }, 'provisioning was cut short: rolling it back');
    await provisioner
      .rollBack(unfinished, KEYWARD)
      .catch((error: unknown) =>
        log.error({ err: error }, 'not rolled back; it is tried again with the next start'),
      );
  }

  const facts = new ActivityAggregator();
  const { authenticator, grants, clients, operators } = access;
  const { data_plane, operations_plane, limits } = config;
  const ledger = createLedger(store.records);
  const checker = createSignatureChecker();
  parts.defer(() => checker.close());
  const ledgerReader = createLedgerReader(store.ledger.lookups);
  const bulkReader = createLedgerReader(store.ledger.bulkLookups);
  const sightings = canaries.watchSightings(measuredSightings(bulkReader, metrics));
  const revocations = new Revocations(
    {
      store: store.revocations,
      clock,
      settledTime: clockWatch,
      knowsScope: (id) => keyRing.scope(id) !== undefined,
      knowsClient: (id) => clients.list().some((client) => client.id === id),
      scopes: () => keyRing.scopes(),
    },
    await chains.loadRevocations(keyRing.scopes().map(({ id }) => id)),
  );
  const keyLife = openKeyLife({
    config,
    making,
    served,
    raiser,
    timeGuard: clockWatch,
    leadership: owner,
    gaps,
    clock,
    log,
  });
  parts.defer(() => keyLife.stop());
  const inventory = openInventory({
    config,
    signers: { ...signers, signer },
    keyRing,
    registry: store.registry,
    raiser,
    decoys: canaries.inInventory,
    audit: store.audit,
    metrics,
    clock,
    log,
  });
  parts.defer(() => inventory.stop());
  const { suspender, holds } = keyLife;
  const alarm = openForgeryAlarm({ events: securityEvents, suspender, clock, log });
  const signing = {
    keyRing,
    signer: canaries.watchSigner(signer),
    checker,
    ledger,
    revocations,
    holds,
    clock,
  };
  const issuerWith = (allowed: Grants) =>
    timeGuardedIssuer(createTokenIssuer({ ...signing, grants: allowed }), clockWatch);
  const issuer = measuredIssuer(recordIssuance(issuerWith(grants), facts), metrics);
  const judge = createTokenVerifier({
    keyRing,
    clock,
    ledger: ledgerReader,
    revocations,
    alarm,
    facts,
    gaps,
  });
  const verifier = canaries.watchVerifier(measuredVerifier(judge, metrics));
  const canaryDesk = canaries.administration({ issuer, revocations, keys: createDecoyKeys(making) });
  const publication = createPublication({ keyRing, clock, registryKey, publicUrl: publicUrl(config) });
  const verifiers = createVerifierDirectory({ keyRing, clock });
  const eventStreams = new EventStreams(limits);
  const operatorStreams = new EventStreams(limits);
  parts.defer(() => {
    for (const streams of [eventStreams, operatorStreams]) streams.end();
  });
  access.clientChanges.subscribe((clientId) => eventStreams.review(clientId));
  const readiness = createReadiness({
    clock,
    registryKey,
    furtherTokens: () => signingOf(links),
    scopes: () => signingScopes(keyRing),
    timeGuard: clockWatch,
    probeStore: () => store.probe(),
    probeLookups: () => store.probeLookups(),
  });
  const compromises = createCompromiseReports({
    keyRing,
    keyUse: store.ledger.keyUse,
    verifiers,
    onFailure: (err, kid) => log.error({ err, kid }, 'what a compromise hits could not be counted'),
  });
  const policyPreview = createPolicyPreview({
    keyRing,
    livingTokens: store.ledger.issued,
    clock,
    onFailure: (err, scope) => log.error({ err, scope }, 'what a policy would refuse could not be counted'),
  });
  const probing = openProbes({
    config,
    store: store.verifierProbes,
    keyRing,
    grants,
    issuerWith: (allowed) => measuredIssuer(issuerWith(allowed), metrics),
    events: raiser,
    clock,
    log,
  });
  await replayRestrictions({
    store,
    keys: keyLife.administration,
    clients,
    operators,
    securityEvents,
    clock,
    log,
  });
  const disks = watchDisks({ database: config.database.file, archive: config.ledger.archive_dir });
  await disks.look();
  const watched = { store, raiser, metrics, clock };
  const drills = await openDrills({ ...watched, config: config.drills });
  const reviews = await openReviews({ ...watched, config: config.reviews });
  watchGauges(metrics, { links, keyRing, store, disks, audit, verifiers, clock });

  metrics.watch('factsDropped', () => facts.dropped);
  const detector = await openDetector({
    facts,
    memories: store.detectionMemories,
    events: raiser,
    clientChanges: access.clientChanges,
    client: access.client,
    clock,
    log,
  });
  parts.defer(() => detector.stop());
  const leaks = openLeaks({
    config,
    holders: access.holders,
    clients,
    operators,
    ledger: bulkReader,
    revocations,
    revoker: revocations,
    keyRing,
    events: securityEvents,
    audit: store.audit,
    clock,
  });
  const leakDesk = canaries.watchLeaks(leaks.leaks);
  const reports = await openReports({
    config: config.reports,
    store,
    keyRing,
    ledgerReader,
    revocations,
    verifier,
    leaks: leakDesk,
    securityEvents,
    metrics,
    clock,
    settledTime: clockWatch,
    log,
  });
  const capabilities: readonly Capability[] = [drills, reviews, reports];
  for (const { stop } of capabilities) if (stop) parts.defer(stop);
  const { gate, stop: stopGate } = await openGate({
    config,
    access,
    store,
    scopes: { ...provisioner, ...createScopeChanger({ registry: store.registry, keyRing, clock }) },
    pauses: createRotationPauses({ registry: store.registry, keyRing, clock }),
    keyRing,
    knownKeys: keyRing,
    keys: keyLife.administration,
    compromises,
    probes: probing.probes,
    revocations,
    canaries: canaryDesk,
    ledger: store.ledger,
    acts: capabilities.flatMap(({ acts = [] }) => acts),
    confirmation: audit.confirmation,
    pinLatches: openPinLatches({ config, links, sinks, audit: store.audit }),
    clock,
    timeGuard: clockWatch,
    log,
  });
  parts.defer(stopGate);
  watchKeyGauges(metrics, {
    keyRing,
    gate,
    clock,
    graceSeconds: config.keys.grace_seconds,
    renewedSince: gaps.at(-1)?.issuedUntil,
  });

  const { checkpoints, refusals } = audit;
  const callers = canaries.watchCallers(recordCallers(refusals, facts, clock));
  const shared = {
    ...leaks,
    leaks: leakDesk,
    authenticator,
    keyRing,
    verifiers,
    readiness,
    limits,
    log,
    metrics,
    callers,
    load: new LoopLoad(),
  };
  const hooks = { problem: (code: ErrorCode) => metrics.problems.inc({ code }) };
  const dataPlane = await listen(
    createDataPlane(
      {
        ...shared,
        listener: data_plane,
        grants,
        issuer,
        verifier,
        sightings,
        tokenRevocation: canaries.watchRevocation(createTokenRevocation({ keyRing, clock, revocations })),
        publication,
        scopeEvents: createScopeEvents({ keyRing, revocations, clock }),
        eventStreams,
        checkpoints,
      },
      capabilities.flatMap(({ routes }) => routes?.data ?? []),
    ),
    data_plane,
    hooks,
  );
  const operationsPlane = await listen(
    createOperationsPlane(
      {
        ...shared,
        listener: operations_plane,
        knownKeys: keyRing,
        inventories: inventory.inventories,
        prover: createKeyProver({
          signer,
          keyRing,
          auditKey,
          bindingKeys,
          audit: store.audit,
          clock,
        }),
        ceremonies: createCeremonies({ keyRing, audit: store.audit, bindingKeys }),
        compromises,
        policyPreview,
        gate,
        probes: probing.probes,
        clients,
        operators,
        revocations,
        canaries: canaryDesk,
        securityEvents: store.securityEvents,
        securityEventFeed: store.securityEvents,
        eventStreams: operatorStreams,
        notifications: notifications.desk,
        ledger: store.ledger,
        audit: store.audit,
        unwitnessed: store.unwitnessed,
      },
      capabilities.flatMap(({ routes }) => routes?.operations ?? []),
    ),
    operations_plane,
    hooks,
  ).catch(async (error: unknown) => {
    await dataPlane.close();
    throw error;
  });
  const isUnsettled = succession === 'accepted' || gaps.some(({ settledAt }) => settledAt === null);
  await audit.start({ checkpointNow: isUnsettled });
  await notifications.start(raiser);
  const watches = openWatches({
    outages,
    store,
    sinks,
    audit: store.audit,
    chains,
    disks,
    tasks: capabilities.flatMap(({ tasks = [] }) => tasks),
    keyRing,
    verifiers,
    events: raiser,
    clock,
    log,
  });
  parts.defer(() => watches.stop());
  const probingVerifiers = probing.start();
  parts.defer(() => probingVerifiers.stop());
  const retention = keepRetention({
    archives: store.ledger.archives,
    keys: async () => (await store.registry.load()).keys,
    clock,
    // What is archived is told by events that the next run must be able to check.
    timeGuard: { isSettled: () => store.runs.own.certificate !== null && clockWatch.isSettled() },
    onlineDays: config.ledger.online_days,
    retentionDays: config.ledger.retention_days,
    events: raiser,
    log,
  });
  parts.defer(() => retention.stop());
  log.info({ host: data_plane.host, port: dataPlane.port }, 'data plane listens');
  log.info({ host: operations_plane.host, port: operationsPlane.port }, 'operations plane listens');

  log.info({ signal: await stopping }, 'draining');
  const drained = [dataPlane, operationsPlane].map((plane) => plane.drain(limits.drain_seconds));
  for (const streams of [eventStreams, operatorStreams]) streams.end();
  await Promise.all(drained);
  log.info('stopped');
}

function publicUrl({ data_plane: { public_url, host, port, tls } }: Config): string {
  return public_url ?? `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
