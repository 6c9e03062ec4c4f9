import type { AuditService } from '../audit/index.ts';
import type { Store } from '../db/open-store.ts';
import type { Clock } from '../kernel/clock.ts';
import type { KeyRing, KnownKey, KnownKeys } from '../kernel/key.ts';
import type { VerifierDirectory, VerifierStanding } from '../kernel/publication.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { LINK_STATES, type SignerLink } from '../signer/signer-link.ts';
import type { DiskWatch } from './disk.ts';

export interface Watched {
  readonly links: ReadonlyMap<string, Pick<SignerLink, 'state' | 'queued'>>;
  readonly keyRing: Pick<KeyRing, 'scopes'> & KnownKeys;
  readonly store: Pick<Store, 'queuedRecords'>;
  readonly disks: Pick<DiskWatch, 'used'>;
  readonly verifiers: Pick<VerifierDirectory, 'list'>;
  readonly audit: Pick<AuditService, 'sinksUp' | 'checkpointAge' | 'clockTrusted'>;
  readonly clock: Clock;
}

/** What the parts are asked at each scrape. */
export function watchGauges(metrics: Pick<Metrics, 'watch'>, parts: Watched): void {
  const { links, keyRing, store, disks, audit, verifiers, clock } = parts;
  const byToken = <T>(read: (link: Pick<SignerLink, 'state' | 'queued'>) => T) =>
    Object.fromEntries([...links].map(([hsmToken, link]) => [hsmToken, read(link)]));
  metrics.watch('signerState', () =>
    byToken((link) =>
      Object.fromEntries(LINK_STATES.map((state) => [state, link.state() === state ? 1 : 0])),
    ),
  );
  metrics.watch('keyUnproven', () =>
    Object.fromEntries(keyRing.scopes().map(({ id }) => [id, countUnproven(keyRing.knownKeysOf(id))])),
  );
  metrics.watch('keyRefused', () => keyRing.refusedKeys().length);
  metrics.watch('signerQueue', () => byToken((link) => link.queued()));
  metrics.watch('ledgerQueue', () => store.queuedRecords());
  metrics.watch('diskUsed', () => disks.used());
  metrics.watch('auditSinkUp', () => audit.sinksUp());
  const countVerifiers = (counts: (verifier: VerifierStanding) => boolean) => {
    const counted = verifiers.list().filter(counts);
    return Object.fromEntries(
      keyRing.scopes().map(({ id }) => [id, counted.filter(({ scopeId }) => scopeId === id).length]),
    );
  };
  metrics.watch('verifiersConnected', () => countVerifiers(({ connectedSince }) => connectedSince !== null));
  metrics.watch('verifiersLagging', () => countVerifiers(({ lagsForSeconds }) => lagsForSeconds !== null));
  metrics.watch('clockTrusted', () => (audit.clockTrusted() ? 1 : 0));
  metrics.watch('clockTime', () => clock.nowSeconds());
  metrics.watch('checkpointAge', () => audit.checkpointAge());
}

function countUnproven(keys: readonly KnownKey[]): number {
  return keys.filter(({ proof }) => proof.status === 'unproven').length;
}
