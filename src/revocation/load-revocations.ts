import { KEYWARD } from '../kernel/actor.ts';
import type { AuditLog, SealedEvent } from '../kernel/audit.ts';
import { auditDetailsIn, type BrokenChain } from '../kernel/audit-chain.ts';

import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { revocationsIn } from '../kernel/record-gap.ts';
import {
  REVOCATION_ADDED,
  REVOCATION_GENESIS,
  type Revocation,
  type RevocationStore,
} from '../kernel/revocation.ts';

interface LoadingDeps {
  readonly store: RevocationStore;
  readonly audit: Pick<AuditLog, 'sealedAfter' | 'hashAt'>;
  /** Where the last verified checkpoint saw both chains end. */
  readonly checkpoint: { readonly audit: number; readonly revocations: number };
  /** Whether a run of the service sealed the event. */
  readonly isSealed: (event: SealedEvent) => boolean;
  readonly scopeIds: readonly string[];
  readonly clock: Clock;
  readonly onBroken: (broken: BrokenChain) => void;
}

interface AuditRecord {
  readonly event: SealedEvent;
  readonly hash: unknown;
}

const EVENTS_AT_A_TIME = 1_000;

/**
 * The revocations in force. The chain is recomputed from the first one, since an edited row may only look as if it
 * had lapsed. What no checkpoint covers must be as its audit event tells it; one whose event a run sealed and whose
 * row is gone is made again, as one that fits at least the same tokens. `audit_trail_refused` for a chain that
 * somebody changed.
 */
export async function loadRevocations(deps: LoadingDeps): Promise<readonly Revocation[]> {
  const { store, checkpoint, isSealed, scopeIds, clock, onBroken } = deps;
  const now = clock.nowSeconds();
  const { end, inForce } = await readChain(store, now);
  const told = await auditRecords(deps);
  for (let sequence = checkpoint.revocations + 1; sequence <= end; sequence++) {
    const flaw = await flawOf(deps, sequence, told.get(sequence));
    if (flaw !== undefined) onBroken({ place: `revocation ${sequence}`, why: flaw });
  }
  const lost = [...told].filter(([sequence, { event }]) => sequence > end && isSealed(event));
  for (const [sequence, { event }] of lost) {
    onBroken({ place: `revocation ${sequence}`, why: 'it is gone; it was made again from its audit event' });
    for (const rule of revocationsIn([event], { scopeIds, issuedUntil: now, now })) {
      inForce.push(await store.append(rule, KEYWARD));
    }
  }
  return inForce;
}

async function readChain(store: RevocationStore, now: number) {
  const inForce: Revocation[] = [];
  for (let after = REVOCATION_GENESIS; ; ) {
    const page = await store.page(after, now);
    if (page.broken) throw changed(page.broken);
    for (const rule of page.inForce) inForce.push(rule);
    after = page.at;
    if (page.isEnd) return { end: after.sequence, inForce };
  }
}

/** By the number of the revocation; the newest where one was made again. */
async function auditRecords({ audit, checkpoint }: LoadingDeps): Promise<ReadonlyMap<number, AuditRecord>> {
  const told = new Map<number, AuditRecord>();
  for (let after = checkpoint.audit; ; ) {
    const events = await audit.sealedAfter(after, EVENTS_AT_A_TIME);
    for (const event of events.filter(({ type }) => type === REVOCATION_ADDED)) {
      const { sequence, hash } = auditDetailsIn(event.detailsJson);
      if (Number.isSafeInteger(sequence)) told.set(Number(sequence), { event, hash });
    }
    const last = events.at(-1);
    if (!last || events.length < EVENTS_AT_A_TIME) return told;
    after = last.sequence;
  }
}

/** A row that nothing testifies to stays in force: it only restricts. */
async function flawOf(
  { audit, isSealed }: LoadingDeps,
  sequence: number,
  auditRecord: AuditRecord | undefined,
): Promise<string | undefined> {
  if (!auditRecord) return 'no audit event testifies to it';
  const hash = await audit.hashAt('revocations', sequence);
  if (hash && Buffer.from(hash).toString('base64url') === auditRecord.hash) return undefined;
  const why = 'its audit event tells it otherwise';
  if (isSealed(auditRecord.event)) throw changed({ place: `revocation ${sequence}`, why });
  return why;
}

function changed({ place, why }: BrokenChain): KeywardError {
  return new KeywardError(
    'audit_trail_refused',
    `${place} is not as it was made: ${why}. Nothing is served, since a revocation may be missing. Read ` +
      'docs/runbooks/changed-records.md.',
  );
}
