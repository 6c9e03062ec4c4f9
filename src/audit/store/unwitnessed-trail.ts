import { appendAuditEvent } from '../../db/append-audit-event.ts';
import { headOf } from '../../db/chain-end.ts';
import type { TrxReader, TrxWriter } from '../../db/schema.ts';
import { readConfirmations, readOpenRanges, type UnwitnessedRanges } from '../../db/unwitnessed.ts';
import { type Actor, KEYWARD } from '../../kernel/actor.ts';
import {
  actOf,
  CONFIRMED_UNWITNESSED,
  stillOpen,
  UNWITNESSED,
  UNWITNESSED_SUBJECT,
} from '../../kernel/audit.ts';
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
  let loadedTo = 0;
  return {
    list: () => ranges.list,
    async load(found) {
      const { open, head } = await reader.read(async (trx) => ({
        open: await readOpenRanges(trx, found),
        head: await headOf(trx, 'audit'),
      }));
      ranges.set(open);
      loadedTo = head.sequence;
    },
    async follow() {
      if (ranges.list.length === 0) return;
      const confirmations = await reader.read((trx) => readConfirmations(trx, loadedTo));
      ranges.set(stillOpen(ranges.list, confirmations));
    },
    record: async ({ from, to, hash }) => void (await append(UNWITNESSED, KEYWARD, { from, to, hash })),
    async confirm(reason, actor) {
      const confirmed = ranges.list;
      await append(CONFIRMED_UNWITNESSED, actor, { ranges: confirmed, reason });
      ranges.set(ranges.list.filter((range) => !confirmed.includes(range)));
      return confirmed;
    },
  };
}
