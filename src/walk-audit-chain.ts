import type { Logger } from 'pino';
import { ChainWalk } from './audit/chain-walk.ts';
import type { AuditLog } from './domain/audit-log.ts';
import { type SecurityEvents, securityEvent } from './domain/security-events.ts';
import { keepLooking } from './keep-looking.ts';

const EVERY_MS = 5_000;

/** Looks at some of the audit trail every few seconds: a break is told while the service runs, once a place. */
export function walkAuditChain(
  audit: Pick<AuditLog, 'eventsAfter'>,
  events: SecurityEvents,
  log: Logger,
): { stop(): Promise<void> } {
  const walk = new ChainWalk(audit);
  const look = async () => {
    const broken = await walk.step();
    if (broken) await events.raise(securityEvent('audit.chain_broken', { chain: 'audit', ...broken }));
  };
  const failure = 'audit chain not looked at; it is tried again';
  return keepLooking({ look, everyMs: EVERY_MS, log, failure });
}
