import type { Actor } from '../kernel/actor.ts';
import { actOf, type Findings } from '../kernel/audit.ts';
import { AUDIT_GENESIS } from '../kernel/audit-chain.ts';
import { KeywardError } from '../kernel/errors.ts';
import { appendAuditEvent } from './append-audit-event.ts';
import { memoryOf } from './chain-end.ts';
import type { TestifiedName, TestifiedRow, Trx } from './schema.ts';
import type { StoredTrail } from './stored-trail.ts';
import { flawOf, type TestifiedTable } from './testified-table.ts';
import { toldAmong } from './told-revocations.ts';

/**
 * Writes a row and the audit event that testifies to it. Who approved it stands in the event of the act. Its number
 * comes after the last row's, and after `last`.
 */
export async function appendTestified<T extends TestifiedName>(
  trx: Trx,
  { table, auditRecord }: Pick<TestifiedTable<T>, 'table' | 'auditRecord'>,
  values: Omit<TestifiedRow<T>, 'sequence' | 'audit_sequence'>,
  { operatorId, requestId, traceId }: Actor,
  last = 0,
): Promise<TestifiedRow<T>> {
  const sequence = Math.max(await lastSequence(trx, table), last) + 1;
  const row = { ...values, sequence } as unknown as TestifiedRow<T>;
  const { type, subject, details, time } = auditRecord(row);
  const event = actOf({ operatorId, requestId, traceId }, type, subject, details);
  const { sequence: audit_sequence } = await appendAuditEvent(trx, event, time);
  const written = { ...row, audit_sequence };
  await trx
    .insertInto(table as 'reports')
    .values(written as unknown as TestifiedRow<'reports'>)
    .execute();
  return written;
}

/** The last number, which must be the one that this writer gave: none is given twice. `audit_trail_refused`. */
export async function ownLastRevocation(trx: Trx): Promise<void> {
  const end = { ...AUDIT_GENESIS, sequence: await lastSequence(trx, 'revocations') };
  const { revocations, peers } = memoryOf(trx);
  if (peers && revocations.passed(end).length > 0 && (await isTold(trx, end.sequence)))
    revocations.goOnFrom(end);
  if (revocations.accept(end)) return;
  throw new KeywardError(
    'audit_trail_refused',
    'The revocations in the database have another end than the service wrote; nothing is revoked until the service ' +
      'was started anew. Read docs/runbooks/changed-records.md first.',
    { cause: new Error(`the database ends at revocation ${end.sequence}`) },
  );
}

/** Whether it was a front that gave the number: none is given twice, and the next comes after it. */
async function isTold(trx: Trx, sequence: number): Promise<boolean> {
  const rows = await trx.selectFrom('revocations').selectAll().where('sequence', '=', sequence).execute();
  return (await toldAmong(trx, rows)).size > 0;
}

/**
 * Numbers up to that one are not given any more: the audit trail tells of it, and verifiers, who may remember it, know
 * a revocation by its number.
 */
export function passRevocations(trx: Trx, number: number): void {
  const memory = memoryOf(trx);
  memory.lastRevocation = Math.max(memory.lastRevocation, number);
}

/** 0 for an empty table. */
async function lastSequence(trx: Trx, table: TestifiedName): Promise<number> {
  const query = trx.selectFrom(table as 'reports').select((eb) => eb.fn.max('sequence').as('last'));
  return (await query.executeTakeFirst())?.last ?? 0;
}

/**
 * Holds the rows of a table and the audit events of its types against each other; answers how many rows there are.
 * `isLost`: whether an accepted restore lost what stood beside the event of that sequence.
 */
export function verifyTestified<T extends TestifiedName>(
  testified: TestifiedTable<T>,
  trail: StoredTrail,
  isLost: (sequence: number) => boolean,
  findings: Findings,
): number {
  const { table, types, erasures } = testified;
  for (const [type, { part, tells }] of Object.entries(types)) {
    const orphan = trail
      .orphanedAuditRecords(type, table)
      .find((event) => !isLost(event.sequence) && !testified.isReplaced?.(event, trail));
    if (orphan) findings.add(part, 'gap', `event ${orphan.sequence}`, `${tells} is gone`);
  }
  let [count, erased] = [0, 0];
  for (const row of trail.table(table, 'sequence') as Iterable<
    TestifiedRow<T> & { audit_sequence: number }
  >) {
    count += 1;
    if (erasures?.isErased(row)) erased += 1;
    const flaw =
      flawOf(testified, row, trail.event(row.audit_sequence)) ?? testified.flawBeside?.(row, trail);
    if (flaw) findings.add(partOf(testified, row), 'bad_row', testified.name(row), flaw);
  }
  const told = erasures ? trail.erasedBy(erasures.types, erasures.member) : 0;
  if (erasures && erased > told) {
    const detail = `${erasures.what}: ${erased} are gone; the trail tells of ${told} erased`;
    findings.add(erasures.part, 'truncated', 'erasures', detail);
  }
  return count;
}

/** `database` for a row that no service could have written. */
function partOf<T extends TestifiedName>({ types, auditRecord }: TestifiedTable<T>, row: TestifiedRow<T>) {
  return types[auditRecord(row).type]?.part ?? 'database';
}
