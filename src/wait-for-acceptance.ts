import type { MissingRange } from './audit/missing-range.ts';
import { isBroadened } from './domain/lost-revocations.ts';
import type { HeldRestore } from './kernel/record-gap.ts';
import { REVOCATION_ADDED } from './kernel/revocation.ts';
import { type HeldAct, type HoldParts, holdUntilDecided } from './restore/recovery-mode.ts';
import { acceptRestore } from './server/acts/restore-acts.ts';

export interface HeldServiceParts extends HoldParts {
  readonly stretch: MissingRange;
}

/** A token is recorded at most so long after it was dated. */
const RECORDED_WITHIN_SECONDS = 60;

/** Holds the service until two persons accept what a database lacks that was put back from an older copy. */
export function waitForAcceptance(parts: HeldServiceParts): Promise<'accepted' | 'stopped'> {
  return holdUntilDecided(parts, {
    hold: {
      code: 'database_restored',
      check: 'database',
      why: 'the database is an older copy; nothing is issued or verified until two operators accept what is lost',
    },
    unseen: parts.stretch.events,
    act: async (held) => acceptRestore({ held: await openHeldRestore(parts, held) }),
  });
}

async function openHeldRestore(
  { store, clock, stretch }: HeldServiceParts,
  held: HeldAct,
): Promise<HeldRestore> {
  const { from, events, checkpoints, sealed } = stretch;
  const issuedFrom = (await store.recordGaps.newestTime()) - RECORDED_WITHIN_SECONDS;
  const lastSeen = Math.max(events.at(-1)?.time ?? 0, checkpoints.at(-1)?.time ?? 0, sealed?.time ?? 0);
  const lastEvent = from.audit.sequence + events.length;
  const lost = Object.fromEntries(
    [...Map.groupBy(events, ({ type }) => type)].map(([type, of]) => [type, of.length]),
  );
  const broadened = events.filter((event) => event.type === REVOCATION_ADDED && isBroadened(event)).length;
  return {
    describe: () => ({
      before: { last_event: from.audit.sequence, last_checkpoint: from.checkpoint },
      after: {
        last_event: lastEvent,
        last_checkpoint: sealed?.number ?? from.checkpoint + checkpoints.length,
        events_lost: Math.max(0, (sealed?.auditSequence ?? 0) - lastEvent),
        records_lost_from: issuedFrom,
        last_seen_at: lastSeen,
        taken_over: lost,
        revocations_made_broader: broadened,
      },
    }),
    async accept(reason, actor) {
      const now = clock.nowSeconds();
      const issuedUntil = Math.max(now, lastSeen);
      const gap = await store.recordGaps.accept({
        ...stretch,
        reason,
        actor,
        issuedFrom,
        issuedUntil,
        told: held.told(),
        now,
      });
      held.done();
      return gap;
    },
  };
}
