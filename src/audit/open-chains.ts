import type { Logger } from 'pino';
import type { ClockWatch } from '../clock/clock-watch.ts';
import type { Config } from '../config.ts';
import type { Store } from '../db/open-store.ts';
import { openAuditKey } from '../hsm/service-keys.ts';
import { type BrokenChain, type ChainName, type Checkpoint, TrustedRuns } from '../kernel/audit-chain.ts';
import { type Clock, dayOf } from '../kernel/clock.ts';
import { isAcknowledged, type RecordGap } from '../kernel/record-gap.ts';
import type { Revocation } from '../kernel/revocation.ts';
import { type EventRaiser, securityEvent } from '../kernel/security-events.ts';
import type { Signer } from '../kernel/signer.ts';
import { createRevocationStore } from '../revocation/index.ts';
import { loadRevocations } from '../revocation/load-revocations.ts';
import { readCheckpoint } from '../token/checkpoint.ts';
import { certifiedRuns } from '../token/run-certificate.ts';
import { RevocationWalk } from './chain-walk.ts';
import type { Trail } from './trail.ts';

interface ChainDeps extends Pick<Trail, 'audit' | 'runs'> {
  readonly config: Config;
  readonly store: Pick<Store, 'ledger' | 'writer' | 'registry' | 'brokenEvents'>;
  readonly signer: Pick<Signer, 'sign'>;
  /** What two persons accepted as lost. */
  readonly gaps: readonly RecordGap[];
  readonly raiser: EventRaiser;
  readonly clock: Clock;
  readonly clockWatch: Pick<ClockWatch, 'earliestSeconds'>;
  readonly log: Logger;
}

export interface Chains {
  /** `audit_trail_refused` where one may be missing. */
  loadRevocations(scopeIds: readonly string[]): Promise<readonly Revocation[]>;
  /** Recomputes a stretch of each chain; to be called each second or so. */
  readonly walks: Readonly<Record<'ledger' | 'revocations', () => Promise<void>>>;
}

/**
 * Verifies ledger and revocations behind the last checkpoint: from then on a record counts if a certified run sealed
 * its group. What does not hold is a security event, whenever it is met.
 */
export async function openChains(deps: ChainDeps): Promise<Chains> {
  const { config, store, audit, signer, gaps, clock, clockWatch, log } = deps;
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
  for (const broken of await store.ledger.open(runs, coveredUntil('ledger', checkpoint, gaps))) {
    log.fatal({ chain: 'ledger', ...broken }, 'the ledger is not as it was written');
    reportLedger(broken);
  }
  const trusted = new TrustedRuns([...runs, deps.runs.own]);
  const revocations = createRevocationStore(store.ledger.walks, store.writer, clock);
  const revocationWalk = new RevocationWalk(revocations);
  return {
    loadRevocations: (scopeIds) =>
      loadRevocations({
        store: revocations,
        audit,
        checkpoint: {
          audit: Math.max(checkpoint?.heads.audit.sequence ?? 0, gaps.at(-1)?.lastEvent ?? 0),
          revocations: coveredUntil('revocations', checkpoint, gaps),
        },
        isSealed: (event) => trusted.haveSealed('audit', event),
        scopeIds,
        // A clock that is ahead makes no revocation lapse.
        clock: { nowSeconds: () => clockWatch.earliestSeconds() },
        onBroken: reportRevocations,
      }),
    walks: {
      ledger: () => walked(store.ledger.walk(), reportLedger),
      revocations: () => walked(revocationWalk.step(), reportRevocations),
    },
  };
}

/** What the checkpoint saw beyond may be lost, and two persons know. */
function coveredUntil(
  chain: Extract<ChainName, 'ledger' | 'revocations'>,
  checkpoint: Checkpoint | undefined,
  gaps: readonly RecordGap[],
): number {
  if (!checkpoint) return 0;
  const { number, heads } = checkpoint;
  const { sequence } = heads[chain];
  if (!isAcknowledged(gaps, number, chain, sequence)) return sequence;
  return Math.min(...gaps.map(({ kept }) => kept[chain]));
}

/** Once a place and day. */
function chainReporter(chain: ChainName, { raiser, clock }: ChainDeps): (broken: BrokenChain) => void {
  return (broken) => {
    const day = dayOf(clock.nowSeconds());
    raiser.raise(securityEvent('audit.chain_broken', { chain, ...broken, day }));
  };
}

async function walked(
  step: Promise<BrokenChain | undefined>,
  reportChain: (broken: BrokenChain) => void,
): Promise<void> {
  const broken = await step;
  if (broken) reportChain(broken);
}
