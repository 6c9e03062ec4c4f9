import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { AuditTrail } from '../kernel/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import type { Listener } from '../server/listener.ts';
import { setLogLevel } from '../server/logger.ts';
import { supplied } from '../server/route.ts';
import { CertificateWatch } from './certificate-watch.ts';
import type { PemFiles } from './pem-files.ts';
import { type Hangups, Reloader } from './reloader.ts';
import { reloadRoutes } from './routes.ts';

export { readPemFiles, requireTlsFiles } from './pem-files.ts';
export { catchHangups } from './reloader.ts';

export const CONFIGURATION_ROUTES = { operations: reloadRoutes } as const;

const WATCH_EVERY_MS = 5_000;

type Live<T> = { -readonly [K in keyof T]: T[K] };

/** The configuration with limits that a reload changes in place: whoever obeys them reads them at each use. */
export function withLiveLimits(config: Config): Config & { readonly limits: Live<Config['limits']> } {
  return { ...config, limits: { ...config.limits } };
}

interface ReloadDeps {
  readonly config: ReturnType<typeof withLiveLimits>;
  readonly notifications: { reconfigure(settings: Config['notifications']): Promise<void> };
  readonly hangups: Hangups;
  /** Of the listeners, at the start. */
  readonly identities: PemFiles['identities'];
  readonly audit: AuditTrail;
  readonly events: EventRaiser;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Reload by SIGHUP and by an operator; certificates that change by themselves, and those that do not. */
export function openReload({ config, notifications, hangups, identities, ...deps }: ReloadDeps) {
  const { log } = deps;
  const certificates = new CertificateWatch(deps);
  let inUse = identities;
  let planes: Readonly<Record<'data' | 'operations', Pick<Listener, 'renewTls'>>> | undefined;
  let stopping = false;
  const reloader = new Reloader({
    ...deps,
    // Apart from the limits that a reload changes in place.
    config: { ...config, limits: { ...config.limits } },
    apply: {
      notifications: (settings) => notifications.reconfigure(settings),
      limits: (limits) => void Object.assign(config.limits, limits),
      logLevel: (level) => setLogLevel(log, level),
      identities(renewed) {
        inUse = renewed;
        const { data_plane, operations_plane } = renewed;
        if (data_plane) planes?.data.renewTls(data_plane);
        if (operations_plane) planes?.operations.renewTls(operations_plane);
      },
    },
  });
  const watch = async () => {
    await reloader.watch();
    certificates.look(inUse);
  };
  return {
    routes: { operations: supplied(CONFIGURATION_ROUTES.operations, { reloader }) },
    tasks: [{ name: 'certificates', everyMs: WATCH_EVERY_MS, tick: watch }],
    start(listeners: NonNullable<typeof planes>) {
      planes = listeners;
      hangups.subscribe(() => {
        if (stopping) log.warn('SIGHUP ignored: the service is stopping');
        else void reloader.hangup();
      });
    },
    drain() {
      stopping = true;
    },
  };
}

const SINGLE_OPERATOR =
  'single-operator mode: one operator alone does what takes two persons; not for production';
const ONE_NODE =
  'database.durability single: a promotion of another node may lose records of tokens in use; use replicated';

/** What a service says at each start of what it does without. */
export function warningsOf({ mode, two_persons, database }: Config): readonly string[] {
  return [
    ...(mode === 'development' ? ['development mode: not for production'] : []),
    ...(two_persons ? [] : [SINGLE_OPERATOR]),
    ...('durability' in database && database.durability === 'single' ? [ONE_NODE] : []),
  ];
}
