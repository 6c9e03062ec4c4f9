import type { Logger } from 'pino';
import type { AuditTrail } from './domain/audit-trail.ts';
import type { Inventories, InventoryFinding, InventoryReport } from './kernel/inventory.ts';
import type { SecurityEvents } from './kernel/security-events.ts';
import { createInventoryAlarm } from './inventory/alarm.ts';

/** Before the first look after a start, and before one that something gave reason for. */
const SOON_MS = 5_000;
/** Before the next, where one failed. */
const AGAIN_MS = 60_000;

export interface InventoryKeepingParts {
  readonly inventories: Inventories;
  readonly hsmTokens: readonly string[];
  readonly everySeconds: number;
  readonly log: Logger;
}

export interface InventoryKeeper {
  /** Something about that token gives reason to look before it is time. */
  look(hsmToken: string): void;
  stop(): Promise<void>;
}

/** Takes the inventory of each HSM token again and again: nobody waits for another's. */
export function keepInventory({
  inventories,
  hsmTokens,
  everySeconds,
  log,
}: InventoryKeepingParts): InventoryKeeper {
  const watches = new Map(hsmTokens.map((name) => [name, watchToken(name)]));

  function watchToken(hsmToken: string) {
    let timer: NodeJS.Timeout | undefined;
    let running: Promise<void> = Promise.resolve();
    let failing = false;
    let dueAt = Infinity;
    let stopped = false;

    const attempt = async (): Promise<void> => {
      try {
        await inventories.take(hsmToken);
        failing = false;
      } catch (error) {
        if (!failing) log.warn({ err: error, hsm_token: hsmToken }, 'no inventory; it is tried again');
        failing = true;
      }
    };
    const schedule = (inMs: number): void => {
      const at = performance.now() + inMs;
      if (stopped || at >= dueAt) return;
      clearTimeout(timer);
      dueAt = at;
      timer = setTimeout(() => {
        dueAt = Infinity;
        running = attempt().then(() => schedule(failing ? AGAIN_MS : everySeconds * 1_000));
      }, inMs);
      timer.unref();
    };
    schedule(SOON_MS);
    return {
      soon: () => schedule(SOON_MS),
      async stop() {
        stopped = true;
        clearTimeout(timer);
        await running;
      },
    };
  }

  return {
    look: (hsmToken) => watches.get(hsmToken)?.soon(),
    async stop() {
      await Promise.all([...watches.values()].map((watch) => watch.stop()));
    },
  };
}

/** What is made of each report, one after the other: security events, a fact in the audit trail, a line in the log. */
export function inventoryListener(parts: {
  readonly events: SecurityEvents;
  readonly onDecoy: (finding: InventoryFinding) => void;
  readonly audit: AuditTrail;
  readonly log: Logger;
}): (report: InventoryReport) => void {
  const { events, onDecoy, audit, log } = parts;
  const alarm = createInventoryAlarm(events, onDecoy);
  let last: Promise<unknown> = Promise.resolve();
  const heed = async (report: InventoryReport): Promise<void> => {
    const { hsmToken, token, objects, expected, proven, findings } = report;
    const details = { serial: token.serial, objects, expected, proven, findings: findings.length };
    const subject = `hsm:${hsmToken}`;
    try {
      await alarm(report);
      await audit.record({ type: 'inventory.taken', actor: 'keyward', subject, requestId: null, details });
      log.info({ hsm_token: hsmToken, ...details }, 'inventory taken');
    } catch (err) {
      log.error(
        { err, ...details, hsm_token: hsmToken },
        'what an inventory found could not be written down',
      );
    }
  };
  return (report) => {
    last = last.then(() => heed(report));
  };
}
