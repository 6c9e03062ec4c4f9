import { type AuditLog, type StoredEvent, UNWITNESSED } from '../kernel/audit.ts';
import { AUDIT_GENESIS, auditDetailsIn, type BrokenChain } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { rulesIn } from '../kernel/record-gap.ts';
import {
  isInForce,
  REVOCATION_ADDED,
  type Revocation,
  type RevocationFlaw,
  type RevocationStore,
  type StandIn,
} from '../kernel/revocation.ts';

/** Each start that met one wrote it down. */
const MOST_RANGES = 1_000;

interface LoadingDeps {
  readonly store: RevocationStore;
  readonly audit: Pick<AuditLog, 'witnessedAfter' | 'newestOfType'>;
  /** Whether two persons know that what stood beside the event of that sequence is lost. */
  readonly isLost: (event: number) => boolean;
  readonly scopeIds: readonly string[];
  readonly clock: Clock;
  readonly onBroken: (broken: BrokenChain) => void;
}

/**
 * The revocations in force. The audit trail is recomputed from its first event, and each row must be as its event tells
 * it, since an edited one may only look as if it had lapsed. The last ones, whose witnessed events tell of them and
 * whose rows are gone, are made again in one transaction, as rules that fit at least the same tokens.
 * `audit_trail_refused` where others may be missing.
 */
export async function loadRevocations(deps: LoadingDeps): Promise<readonly Revocation[]> {
  const { store, scopeIds, clock, onBroken } = deps;
  const now = clock.nowSeconds();
  const { inForce, flaws, lastNumber } = await readTrail(store, now);
  if (flaws.length === 0) return inForce;
  const standIns: StandIn[] = [];
  const lostAgain = Map.groupBy(flaws, ({ insteadOf }) => insteadOf);
  for (const flaw of flaws) {
    const event = await lostEvent(deps, flaw, lostAgain.get(flaw.event) ?? []);
    if (!event) continue;
    onBroken({ place: flaw.place, why: 'it is gone; it was made again from its audit event' });
    for (const rule of rulesIn(event, { scopeIds, issuedUntil: now, now })) {
      standIns.push({ rule, insteadOf: event.sequence });
    }
  }
  const made = await store.makeAgain(standIns, lastNumber);
  return [...inForce, ...made.filter((rule) => isInForce(rule, now))];
}

async function readTrail(store: RevocationStore, now: number) {
  const inForce: Revocation[] = [];
  const flaws: RevocationFlaw[] = [];
  let lastNumber = 0;
  for (let after = AUDIT_GENESIS; ; ) {
    const page = await store.page(after, now);
    if (page.broken) throw changed(page.broken);
    for (const rule of page.inForce) inForce.push(rule);
    for (const flaw of page.flaws) flaws.push(flaw);
    lastNumber = Math.max(lastNumber, page.lastNumber);
    if (page.isEnd) return { inForce, flaws, lastNumber };
    after = page.at;
  }
}

/**
 * The event of a revocation that is to be made again. `audit_trail_refused` where the flaw may hide one.
 * `lostAgain`: those that stood in for it and are gone too. Only what was made again after these counts, since one
 * revocation may have become several.
 */
async function lostEvent(
  { audit, isLost, onBroken }: LoadingDeps,
  flaw: RevocationFlaw,
  lostAgain: readonly RevocationFlaw[],
): Promise<StoredEvent | undefined> {
  const { kind, event, by = [] } = flaw;
  // A row that nothing testifies to stays in force: it only restricts.
  if (kind === 'untold') onBroken({ place: flaw.place, why: flaw.why });
  if (kind === 'changed') throw changed(flaw);
  if (kind === 'untold' || isLost(event)) return undefined;
  const since = lostAgain.findLast((each) => each.kind !== 'again')?.event ?? 0;
  for (const each of by) if (each > since && (await witnessed(audit, each))) return undefined;
  const isExplained = kind !== 'gone' || lostAgain.length > 0 || (await wasUnwitnessed(audit, event));
  if (!isExplained) throw changed(flaw);
  return await witnessed(audit, event);
}

/** Whether an earlier start found nothing behind the event, and passed it over. Others may follow its revocation. */
async function wasUnwitnessed(audit: LoadingDeps['audit'], sequence: number): Promise<boolean> {
  const told = await audit.newestOfType(UNWITNESSED, MOST_RANGES);
  return told.some(({ detailsJson }) => {
    const { from, to } = auditDetailsIn(detailsJson);
    return Number(from) <= sequence && sequence <= Number(to);
  });
}

async function witnessed(audit: LoadingDeps['audit'], sequence: number): Promise<StoredEvent | undefined> {
  const [event] = await audit.witnessedAfter(sequence - 1, 1);
  return event?.sequence === sequence && event.type === REVOCATION_ADDED ? event : undefined;
}

function changed({ place, why }: BrokenChain): KeywardError {
  return new KeywardError(
    'audit_trail_refused',
    `${place} is not as it was made: ${why}. Nothing is served, since a revocation may be missing. Read ` +
      'docs/runbooks/changed-records.md.',
  );
}
