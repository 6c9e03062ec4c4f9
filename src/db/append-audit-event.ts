import type { AuditEvent } from '../kernel/audit.ts';
import {
  auditEventHash,
  type ChainedEvent,
  type ChainHead,
  sealHash,
  wantsCheckpoint,
} from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { headOf, memoryOf } from './chain-end.ts';
import type { Trx, TrxWriter } from './schema.ts';

/**
 * Puts an event at the end of the chain, sealed by the run, within the transaction of the change that it tells of
 * (I10). The one writer makes the sequence free of gaps, whatever the clock says. `audit_trail_refused` where the
 * database has another end than the writer left.
 */
export async function appendAuditEvent(
  trx: Trx,
  { type, actor, subject, requestId, traceId = null, details }: AuditEvent,
  time: number,
): Promise<ChainHead> {
  const { sequence } = await ownAuditHead(trx);
  const detailsJson = JSON.stringify(details);
  return await appendChained(trx, {
    sequence: sequence + 1,
    time,
    type,
    actor,
    subject,
    requestId,
    traceId,
    detailsJson,
  });
}

/** The same for an event that has its place in the chain already. */
export async function appendChained(trx: Trx, event: ChainedEvent): Promise<ChainHead> {
  const memory = memoryOf(trx);
  const { audit, run } = memory;
  const { hash: previous } = await ownAuditHead(trx);
  const hash = auditEventHash(previous, event);
  const { requestId, traceId, detailsJson, ...columns } = event;
  const head = { sequence: event.sequence, hash };
  const row = { ...columns, request_id: requestId, trace_id: traceId, details_json: detailsJson, hash };
  await trx
    .insertInto('audit_events')
    .values({ ...row, run_id: run.id, seal: sealHash(run, 'audit', head) })
    .execute();
  audit.append(head);
  if (wantsCheckpoint(event)) memory.wantsCheckpoint = true;
  return head;
}

/** The end of the trail, which must be the one that this writer left. `audit_trail_refused`. */
export async function ownAuditHead(trx: Trx): Promise<ChainHead> {
  const head = await headOf(trx, 'audit');
  const { audit, peers } = memoryOf(trx);
  const passed = audit.passed(head);
  if (passed.length > 0 && (await peers?.haveGoneOn(trx, passed, head))) audit.goOnFrom(head);
  if (audit.accept(head)) return head;
  throw new KeywardError(
    'audit_trail_refused',
    'The audit trail in the database has another end than the service wrote; nothing is changed until the service ' +
      'was started anew. Read docs/runbooks/changed-records.md first.',
    { cause: new Error(`the database ends at event ${head.sequence}`) },
  );
}

type Transact = (trx: Trx) => Promise<void>;

/**
 * The one way for a repository to change anything: the change and its audit event commit together or not at
 * all (I10).
 */
export type AuditedChange = (event: AuditEvent, change: Transact) => Promise<void>;

export function createAuditedChange(writer: TrxWriter, clock: Clock): AuditedChange {
  return (event, change) =>
    writer.transaction(async (trx) => {
      await change(trx);
      await appendAuditEvent(trx, event, clock.nowSeconds());
    });
}

/**
 * The same where another front may have been quicker: answers whether the change took place. Where `change` answers false,
 * nothing was committed.
 */
export async function unlessOutrun(
  change: AuditedChange,
  event: AuditEvent,
  work: (trx: Trx) => Promise<boolean>,
): Promise<boolean> {
  let isOutrun = false;
  try {
    await change(event, async (trx) => {
      isOutrun = !(await work(trx));
      if (isOutrun) throw new KeywardError('ledger_unavailable', 'Another front was quicker.');
    });
  } catch (error) {
    if (!isOutrun) throw error;
  }
  return !isOutrun;
}
