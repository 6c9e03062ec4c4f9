import { appendAuditEvent } from '../../db/append-audit-event.ts';
import type { TrxReader, TrxWriter } from '../../db/schema.ts';
import { readOpenRanges, type UnwitnessedRanges } from '../../db/unwitnessed.ts';
import { type Actor, KEYWARD } from '../../kernel/actor.ts';
import { actOf, CONFIRMED_UNWITNESSED, UNWITNESSED, UNWITNESSED_SUBJECT } from '../../kernel/audit.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { UnwitnessedTrail } from '../trail.ts';

export function createUnwitnessedTrail(
  ranges: UnwitnessedRanges,
  reader: TrxReader,
  writer: TrxWriter,
  clock: Clock,
): UnwitnessedTrail {
  const append = (type: string, actor: Actor, details: Readonly<Record<string, unknown>>) =>
    writer.transaction((trx) =>
      appendAuditEvent(trx, actOf(actor, type, UNWITNESSED_SUBJECT, details), clock.nowSeconds()),
    );
  return {
    list: () => ranges.list,
    load: async (found) => ranges.set(await reader.read((trx) => readOpenRanges(trx, found))),
    record: async ({ from, to, hash }) => void (await append(UNWITNESSED, KEYWARD, { from, to, hash })),
    async confirm(reason, actor) {
      const confirmed = ranges.list;
      await append(CONFIRMED_UNWITNESSED, actor, { ranges: confirmed, reason });
      ranges.set(ranges.list.filter((range) => !confirmed.includes(range)));
      return confirmed;
    },
  };
}
