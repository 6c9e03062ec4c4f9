import type { Transaction } from 'kysely';
import type { Actor } from '../kernel/actor.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { Clock } from '../kernel/clock.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import type { Schema } from './schema.ts';
import type { Writer } from './writer.ts';

export type Transact = (trx: Transaction<Schema>) => Promise<void>;

/**
 * The one way for a repository to change anything: the change and its audit event commit together or not at
 * all (I10).
 */
export type AuditedChange = (event: AuditEvent, change: Transact) => Promise<void>;

export function createAuditedChange(writer: Pick<Writer, 'transaction'>, clock: Clock): AuditedChange {
  return (event, change) =>
    writer.transaction(async (trx) => {
      await change(trx);
      await appendAuditEvent(trx, event, clock.nowSeconds());
    });
}

/** An event of something that an operator did, with who approved it where it took two. */
export function actOf(
  { operatorId, requestId, approval }: Actor,
  type: string,
  subject: string,
  details: AuditEvent['details'] = {},
): AuditEvent {
  const approved = approval && { proposal: approval.proposalId, approved_by: approval.approvedBy };
  return { type, actor: operatorId, subject, requestId, details: { ...details, ...approved } };
}
