import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { AuditTrail } from '../domain/audit-trail.ts';
import type { Clock } from '../kernel/clock.ts';
import {
  FINDING_KINDS,
  type Inventories,
  type InventoryFinding,
  type InventoryReport,
} from '../kernel/inventory.ts';
import type { Registry } from '../kernel/registry.ts';
import type { SecurityEvents } from '../kernel/security-events.ts';
import { serviceKeysOf } from '../hsm/tokens.ts';
import { inventoryListener, keepInventory } from '../keep-inventory.ts';
import type { KeyRingKeeper } from '../keys/key-ring.ts';
import { createInventories, type DecoysThere } from './take.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Signers } from '../hsm/signers.ts';

/** What an inventory is told of decoys, and tells of them. */
export interface DecoysInInventory {
  on(hsmToken: string): DecoysThere;
  found(finding: InventoryFinding): void;
}

export interface InventoryRootParts {
  readonly config: Config;
  readonly signers: Pick<Signers, 'signer' | 'inspect' | 'doubts'>;
  readonly keyRing: KeyRingKeeper;
  readonly registry: Pick<Registry, 'load' | 'reservedKeys'>;
  readonly securityEvents: SecurityEvents;
  readonly decoys: DecoysInInventory;
  readonly audit: AuditTrail;
  readonly metrics: Pick<Metrics, 'watch'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The inventory of every HSM token: on a timer, when a signer gives reason to doubt, and on demand. */
export function openInventory(parts: InventoryRootParts): {
  readonly inventories: Inventories;
  stop(): Promise<void>;
} {
  const { config, signers, keyRing, registry, securityEvents: events, audit, metrics, clock, log } = parts;
  const inventories = createInventories({
    inspect: signers.inspect,
    signer: signers.signer,
    keyRing,
    registry,
    ownKeys: (hsmToken) => ownKeysOn(config, hsmToken),
    clock,
    graceSeconds: config.keys.grace_seconds,
    decoys: (hsmToken) => parts.decoys.on(hsmToken),
    onReport: inventoryListener({ events, onDecoy: (finding) => parts.decoys.found(finding), audit, log }),
  });
  const keeper = keepInventory({
    inventories,
    hsmTokens: signers.signer.tokens,
    everySeconds: config.keys.inventory_seconds,
    log,
  });
  signers.doubts.subscribe((hsmToken) => keeper.look(hsmToken));
  metrics.watch('inventoryFindings', () => byToken(inventories, countsOf));
  metrics.watch('inventoryAge', () => byToken(inventories, ({ takenAt }) => clock.nowSeconds() - takenAt));
  return { inventories, stop: () => keeper.stop() };
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
