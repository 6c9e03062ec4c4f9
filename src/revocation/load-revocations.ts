import { KEYWARD } from '../kernel/actor.ts';
import type { AuditLog, StoredEvent } from '../kernel/audit.ts';
import { AUDIT_GENESIS, type BrokenChain } from '../kernel/audit-chain.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { rulesIn } from '../kernel/record-gap.ts';
import {
  isInForce,
  REVOCATION_ADDED,
  type Revocation,
  type RevocationFlaw,
  type RevocationStore,
} from '../kernel/revocation.ts';

interface LoadingDeps {
  readonly store: RevocationStore;
  readonly audit: Pick<AuditLog, 'witnessedAfter'>;
  /** Whether two persons know that what stood beside the event of that sequence is lost. */
  readonly isLost: (event: number) => boolean;
  readonly scopeIds: readonly string[];
  readonly clock: Clock;
  readonly onBroken: (broken: BrokenChain) => void;
}

/**
 * The revocations in force. The audit trail is recomputed from its first event, and each row must be as its event tells
 * it, since an edited one may only look as if it had lapsed. The last ones, whose witnessed events tell of them and
 * whose rows are gone, are made again, as rules that fit at least the same tokens. `audit_trail_refused` where others
 * may be missing.
 */
export async function loadRevocations(deps: LoadingDeps): Promise<readonly Revocation[]> {
  const { store, scopeIds, clock, onBroken } = deps;
  const now = clock.nowSeconds();
  const { inForce, flaws } = await readTrail(store, now);
  for (const flaw of flaws) {
    const event = await lostEvent(deps, flaw);
    if (!event) continue;
    onBroken({ place: flaw.place, why: 'it is gone; it was made again from its audit event' });
    for (const rule of rulesIn(event, { scopeIds, issuedUntil: now, now })) {
      const made = await store.append(rule, KEYWARD);
      if (isInForce(made, now)) inForce.push(made);
    }
  }
  return inForce;
}

async function readTrail(store: RevocationStore, now: number) {
  const inForce: Revocation[] = [];
  const flaws: RevocationFlaw[] = [];
  for (let after = AUDIT_GENESIS; ; ) {
    const page = await store.page(after, now);
    if (page.broken) throw changed(page.broken);
    for (const rule of page.inForce) inForce.push(rule);
    for (const flaw of page.flaws) flaws.push(flaw);
    if (page.isEnd) return { inForce, flaws };
    after = page.at;
  }
}

/** The event of a revocation that is to be made again. `audit_trail_refused` where the flaw may hide one. */
async function lostEvent(
  { audit, isLost, onBroken }: LoadingDeps,
  flaw: RevocationFlaw,
): Promise<StoredEvent | undefined> {
  const { kind, event, by = 0 } = flaw;
  // A row that nothing testifies to stays in force: it only restricts.
  if (kind === 'untold') onBroken({ place: flaw.place, why: flaw.why });
  if (kind === 'changed') throw changed(flaw);
  if (kind === 'untold' || isLost(event)) return undefined;
  if (kind === 'cut') return await witnessed(audit, event);
  if (kind === 'again' && (await witnessed(audit, by))) return undefined;
  throw changed(flaw);
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
