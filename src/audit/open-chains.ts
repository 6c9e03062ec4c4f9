import type { Logger } from 'pino';
import type { ClockWatch } from '../clock/clock-watch.ts';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import { openAuditKey } from '../hsm/service-keys.ts';
import type { BrokenChain, Checkpoint } from '../kernel/audit-chain.ts';
import { type Clock, dayOf } from '../kernel/clock.ts';
import { isAcknowledged, isLostIn, type RecordGap, type RecordGaps } from '../kernel/record-gap.ts';
import type { Revocation } from '../kernel/revocation.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import type { Signer } from '../kernel/signer.ts';
import { createRevocationStore } from '../revocation/index.ts';
import { loadRevocations } from '../revocation/load-revocations.ts';
import { readCheckpoint } from '../token/checkpoint.ts';
import { certifiedRuns } from '../token/run-certificate.ts';
import type { Trail } from './trail.ts';
import { TrailWalk } from './trail-walk.ts';

interface ChainDeps extends Pick<Trail, 'audit' | 'runs'> {
  readonly config: Config;
  readonly store: Pick<Store, 'ledger' | 'writer' | 'registry' | 'brokenEvents'>;
  readonly signer: Pick<Signer, 'sign'>;
  /** What two persons accepted as lost. */
  readonly gaps: RecordGaps;
  readonly raiser: EventRaiser;
  readonly clock: Clock;
  readonly clockWatch: Pick<ClockWatch, 'earliestSeconds'>;
  readonly log: Logger;
}

export interface Chains {
  /** `audit_trail_refused` where one may be missing. */
  loadRevocations(scopeIds: readonly string[]): Promise<readonly Revocation[]>;
  /** Recomputes a stretch of each chain; to be called each second or so. */
  readonly walks: Readonly<Record<'ledger' | 'trail', () => Promise<void>>>;
}

/**
 * Verifies the ledger behind the last checkpoint: from then on a record counts if a certified run sealed its group.
 * What does not hold is a security event, whenever it is met.
 */
export async function openChains(deps: ChainDeps): Promise<Chains> {
  const { config, store, audit, signer, clockWatch, log } = deps;
  const gaps = deps.gaps();
  const row = await store.registry.serviceKey('audit');
  const auditKey = openAuditKey(config, row, signer);
  const latest = await audit.lastCheckpoint();
  const checkpoint = latest && (await readCheckpoint(latest.jws, auditKey));
  const runs = await certifiedRuns(await deps.runs.all(), auditKey, checkpoint);
  const reportEvents = chainReporter('audit', deps);
  const reportLedger = chainReporter('ledger', deps);
  const reportRevocations = chainReporter('revocations', deps);
  store.brokenEvents.subscribe(reportEvents);
  store.ledger.broken.subscribe(reportLedger);
  for (const broken of await store.ledger.open(runs, coveredUntil(checkpoint, gaps))) {
    log.fatal({ chain: 'ledger', ...broken }, 'the ledger is not as it was written');
    reportLedger(broken);
  }
  const isLost = (event: number) => isLostIn(gaps, event);
  const revocations = createRevocationStore(store.ledger.walks, store.writer);
  const trailWalk = new TrailWalk(revocations, isLost, () => store.writer.auditEnd);
  return {
    loadRevocations: (scopeIds) =>
      loadRevocations({
        store: revocations,
        audit,
        isLost,
        scopeIds,
        // A clock that is ahead makes no revocation lapse.
        clock: { nowSeconds: () => clockWatch.earliestSeconds() },
        onBroken: reportRevocations,
      }),
    walks: {
      async ledger() {
        const broken = await store.ledger.walk();
        if (broken) reportLedger(broken);
      },
      async trail() {
        const { audit, revocations } = await trailWalk.step();
        if (audit) reportEvents(audit);
        if (revocations) reportRevocations(revocations);
      },
    },
  };
}

/** What the checkpoint saw beyond may be lost, and two persons know. */
function coveredUntil(checkpoint: Checkpoint | undefined, gaps: readonly RecordGap[]): number {
  if (!checkpoint) return 0;
  const { number, heads } = checkpoint;
  const { sequence } = heads.ledger;
  if (!isAcknowledged(gaps, number, 'ledger', sequence)) return sequence;
  return Math.min(...gaps.map(({ kept }) => kept.ledger));
}

/** Each place once a day. */
export function chainReporter(
  chain: 'audit' | 'ledger' | 'revocations',
  { raiser, clock }: Pick<ChainDeps, 'raiser' | 'clock'>,
): (broken: BrokenChain) => void {
  return (broken) => {
    const day = dayOf(clock.nowSeconds());
    raiser.raise(securityEvent('audit.chain_broken', { chain, ...broken, day }));
  };
}
