import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Signers } from '../hsm/signers.ts';
import { serviceKeysOf } from '../hsm/tokens.ts';
import { KEYWARD } from '../kernel/actor.ts';
import { type AuditTrail, actOf } from '../kernel/audit.ts';
import type { Capability } from '../kernel/capability.ts';
import type { Clock } from '../kernel/clock.ts';
import {
  FINDING_KINDS,
  type Inventories,
  type InventoryFinding,
  type InventoryReport,
} from '../kernel/key-proof.ts';
import type { Leadership, Registry } from '../kernel/registry.ts';
import type { EventRaiser } from '../kernel/security-events.ts';
import type { KeyRingKeeper } from '../keys/key-ring.ts';
import { Mutex } from '../lib/mutex.ts';
import { startPeriodicTask } from '../lib/periodic-task.ts';
import { supplied } from '../server/route.ts';
import { createInventoryAlarm } from './alarm.ts';
import { adminInventoryRoutes } from './routes.ts';
import { type CanaryKeysOnToken, createInventories } from './take.ts';

export const INVENTORY_ROUTES = { operations: adminInventoryRoutes } as const;

/** Before the first look after a start, and before one that something gave reason for. */
const SOON_MS = 5_000;
/** Before the next, where one failed. */
const AGAIN_MS = 60_000;

interface InventoryKeepingDeps {
  readonly inventories: Inventories;
  readonly hsmTokens: readonly string[];
  readonly everySeconds: number;
  readonly leadership: Pick<Leadership, 'leads'>;
  readonly log: Logger;
}

interface InventoryKeeper {
  /** Something about that token gives reason to look before it is time. */
  schedule(hsmToken: string): void;
  stop(): Promise<void>;
}

/**
 * Takes the inventory of each HSM token: nobody waits for another's. Where another process leads, one that this
 * process's own signer gave reason for.
 */
export function keepInventory(deps: InventoryKeepingDeps): InventoryKeeper {
  const { inventories, hsmTokens, everySeconds, leadership, log } = deps;
  const suspected = new Set<string>();
  const start = (hsmToken: string) =>
    startPeriodicTask({
      async tick() {
        if (!leadership.leads() && !suspected.has(hsmToken)) return;
        await inventories.take(hsmToken);
        suspected.delete(hsmToken);
      },
      everyMs: everySeconds * 1_000,
      firstMs: SOON_MS,
      retryMs: AGAIN_MS,
      log: log.child({ hsm_token: hsmToken }),
      failure: 'no inventory; it is tried again',
    });
  const tasks = new Map(hsmTokens.map((name) => [name, start(name)]));
  return {
    schedule(hsmToken) {
      suspected.add(hsmToken);
      tasks.get(hsmToken)?.soon(SOON_MS);
    },
    async stop() {
      await Promise.all([...tasks.values()].map((task) => task.stop()));
    },
  };
}

/** What is made of each report, one after the other: security events, a fact in the audit trail, a line in the log. */
function inventoryListener(deps: {
  readonly events: EventRaiser;
  readonly onCanary: (finding: InventoryFinding) => void;
  readonly audit: AuditTrail;
  readonly log: Logger;
}): (report: InventoryReport) => void {
  const { events, onCanary, audit, log } = deps;
  const alarm = createInventoryAlarm(events, onCanary);
  const mutex = new Mutex();
  const heed = async (report: InventoryReport): Promise<void> => {
    const { hsmToken, token, objects, expected, proven, findings } = report;
    const details = { serial: token.serial, objects, expected, proven, findings: findings.length };
    const subject = `hsm:${hsmToken}`;
    try {
      alarm(report);
      await audit.record(actOf(KEYWARD, 'inventory.taken', subject, details));
      log.info({ hsm_token: hsmToken, ...details }, 'inventory taken');
    } catch (err) {
      log.error(
        { err, ...details, hsm_token: hsmToken },
        'what an inventory found could not be written down',
      );
    }
  };
  return (report) => {
    void mutex.runExclusive(() => heed(report));
  };
}

/** What an inventory is told of decoys, and tells of them. */
export interface InventoriedCanaries {
  on(hsmToken: string): CanaryKeysOnToken;
  found(finding: InventoryFinding): void;
}

interface InventoryRootDeps {
  readonly config: Config;
  readonly signers: Pick<Signers, 'signer' | 'inspect' | 'suspectTokens'>;
  readonly keyRing: KeyRingKeeper;
  readonly registry: Pick<Registry, 'unfinishedScopes' | 'reservedKeys'>;
  readonly raiser: EventRaiser;
  readonly canaries: InventoriedCanaries;
  readonly audit: AuditTrail;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The inventory of every HSM token: on a timer, when a signer gives reason to doubt, and on demand. */
export function openInventory(deps: InventoryRootDeps): Capability {
  const { config, signers, keyRing, registry, raiser: events, audit, clock, log } = deps;
  const inventories = createInventories({
    inspect: signers.inspect,
    signer: signers.signer,
    keyRing,
    registry,
    ownKeys: (hsmToken) => ownKeysOn(config, hsmToken),
    clock,
    graceSeconds: config.keys.grace_seconds,
    canaries: (hsmToken) => deps.canaries.on(hsmToken),
    onReport: inventoryListener({ events, onCanary: (finding) => deps.canaries.found(finding), audit, log }),
  });
  const keeper = keepInventory({
    inventories,
    hsmTokens: signers.signer.tokens,
    everySeconds: config.keys.inventory_seconds,
    leadership: deps.leadership,
    log,
  });
  signers.suspectTokens.subscribe((hsmToken) => keeper.schedule(hsmToken));
  return {
    gauges: {
      inventoryFindings: () => byToken(inventories, countsOf),
      inventoryAge: () => byToken(inventories, ({ takenAt }) => clock.nowSeconds() - takenAt),
    },
    routes: { operations: supplied(INVENTORY_ROUTES.operations, { inventories }) },
    stop: () => keeper.stop(),
  };
}

function ownKeysOn(config: Config, hsmToken: string) {
  return serviceKeysOf(config).flatMap(({ hsmToken: where, role, thumbprint: kid }) =>
    where === hsmToken && kid !== undefined ? [{ kid, name: role.replace(/:.*/, '') }] : [],
  );
}

function byToken<T>(inventories: Inventories, read: (report: InventoryReport) => T): Record<string, T> {
  return Object.fromEntries(inventories.latest().map((report) => [report.hsmToken, read(report)]));
}

function countsOf({ findings }: InventoryReport): Record<string, number> {
  return Object.fromEntries(
    FINDING_KINDS.map((kind) => [kind, findings.filter((finding) => finding.kind === kind).length]),
  );
}
